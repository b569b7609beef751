// A file that is too large is told before it is sent.

export function upload(field) {
  const most = Number(field.dataset.mostBytes);
  field.addEventListener("change", () => {
    const [file] = field.files;
    const words = `This file has ${Math.ceil(file?.size / 1048576)} MB; ${Math.floor(most / 1048576)} MB is the most. Divide it.`;
    field.setCustomValidity(file && file.size > most ? words : "");
    field.reportValidity();
  });
}
