"""Two essay questions with rubrics, and answers to each at known quality, for tests of graders. None of them was used to calibrate one."""

from typing import Final

from assay.domain.grading import EssayTask
from assay.domain.rubric import Rubric

PASSWORDS: Final = (
    "A forum with 40 000 members stores passwords as unsalted MD5 hashes. Last night a copy of the user table was found on a public website. "
    "Explain what the finder can do with it, how passwords should be stored instead, how you would move the existing accounts over, and "
    "what the members have to be told."
)
BACKUPS: Final = (
    "A small architects' office copies its project files every evening to a second disk in the same computer and has never had to use the "
    "copy. The owner asks you whether that is enough. Explain which losses it protects against and which not, what you would change, and how "
    "the office would know that the new arrangement works."
)

RUBRICS: Final[dict[str, Rubric]] = {
    "passwords": Rubric.model_validate(
        {
            "clarity": {
                "levels": [
                    "It cannot be made out what the writer means.",
                    "Single statements can be understood, but not what would be done.",
                    "The main steps can be followed; several terms stay vague.",
                    "Easy to follow, with a few imprecise terms.",
                    "Every step says plainly what is done, to what and why.",
                ]
            },
            "accuracy": {
                "weight": 2,
                "levels": [
                    "Nothing correct about stored passwords.",
                    "One correct remark without its reason.",
                    "Names a suitable method or the danger, but the other is missing or wrong.",
                    "Danger, method and migration are mostly right, with a gap.",
                    "Danger, slow salted hashing, migration and information of the members are all right.",
                ],
            },
            "coherence": {
                "levels": [
                    "No line of thought.",
                    "Loose remarks.",
                    "An order is visible, with jumps.",
                    "A sensible order with a gap.",
                    "Danger, remedy, migration and information follow from each other.",
                ]
            },
            "keyPoints": [
                {"id": "fast-guessing", "text": "MD5 is fast, so an attacker can try billions of guesses per second against the stolen hashes."},
                {"id": "no-salt", "text": "Without a salt equal passwords have equal hashes, and precomputed tables reveal common passwords at once."},
                {"id": "reuse", "text": "People reuse passwords, so attackers will try the cracked passwords with the same e-mail at other services."},
                {"id": "slow-hash", "text": "Passwords should be stored with a deliberately slow, memory-hard hash function such as Argon2 or bcrypt."},
                {"id": "own-salt", "text": "Each password needs its own random salt that is stored together with the hash."},
                {"id": "rehash", "text": "Wrap the old MD5 hashes in the new hash function at once and replace them when each member next signs in."},
                {"id": "reset", "text": "After the leak all sessions are ended and every member must choose a new password."},
                {"id": "notify", "text": "The members must be told promptly what was leaked and to change the same password elsewhere."},
            ],
        }
    ),
    "backups": Rubric.model_validate(
        {
            "clarity": {
                "levels": [
                    "Not understandable.",
                    "Some words about copies; what is proposed stays open.",
                    "The proposal can be followed in outline.",
                    "Clear, with a loose phrase here and there.",
                    "The owner could carry it out from the text alone.",
                ]
            },
            "accuracy": {
                "weight": 2,
                "levels": [
                    "Nothing correct about backups.",
                    "Sees one danger or one remedy.",
                    "Sees some dangers and a remedy, with large gaps.",
                    "Most dangers and remedies are right.",
                    "Dangers, separate copies, versions and restore tests are all right.",
                ],
            },
            "coherence": {
                "levels": [
                    "No line of thought.",
                    "Loose remarks.",
                    "Dangers and remedies stand apart.",
                    "Remedies mostly follow from dangers.",
                    "Each remedy answers a danger, and the check follows from them.",
                ]
            },
            "keyPoints": [
                {"id": "disk-failure", "text": "A second disk protects against the failure of the first disk and against little else."},
                {"id": "same-place", "text": "Fire, theft or a power surge destroys both disks, because they are in the same computer."},
                {"id": "ransomware", "text": "Malware that encrypts files reaches every disk that is connected, so one copy must be kept offline."},
                {"id": "overwrite", "text": "A file deleted or spoilt by mistake is overwritten in the copy the next evening unless older versions are kept."},
                {"id": "off-site", "text": "One encrypted copy belongs in another building or with a provider in another place."},
                {"id": "restore-test", "text": "Restoring files regularly as an exercise is the only proof that a backup can be used."},
                {"id": "monitoring", "text": "A failed backup must raise an alarm, and one person has to be responsible for it."},
            ],
        }
    ),
}

ESSAYS: Final[dict[str, dict[str, str]]] = {
    "passwords": {
        "good": (
            "Whoever has the table does not need to break MD5 itself; he simply guesses. Because MD5 is so quick to compute, one graphics card "
            "tests billions of guesses every second, and most short passwords fall within hours. It is even easier here, since without a salt "
            "all members with the same password share one hash, and ready-made tables give away the common ones immediately. As many people "
            "use one password everywhere, the finder will then try the cracked pairs of e-mail and password at mail providers and shops. "
            "Therefore I would store passwords with a hash function that is slow on purpose and needs a lot of memory, for instance Argon2, "
            "and with a fresh random salt for every account next to the hash. The old accounts cannot be converted directly, because we do "
            "not know the passwords. So I would first put the existing MD5 values through Argon2 tonight, which removes the weak hashes from "
            "the table, and replace this double hash as soon as a member signs in. At the same time I would log everyone out and force a new "
            "password. Finally, the members must hear from us today, in plain words, which data was published, and that they should change "
            "their password at every other site where they use it as well."
        ),
        "middling": (
            "The passwords are hashed with MD5, which is not safe any more because it can be cracked fast. With the table an attacker can get "
            "the passwords of many members and log in to their accounts. The forum should use a better algorithm, for example bcrypt. There "
            "should also be a salt for each password. The members should get an e-mail that tells them to change their password. The "
            "administrators should also look at how the table was stolen and update the server so that it does not happen again."
        ),
        "poor": (
            "It is bad that the table was found on a website. Hackers are a big problem nowadays and you can never be completely safe. The "
            "forum should buy a good firewall and a virus scanner. Members should not post private things on the internet. I think the "
            "website should be taken offline by the police and then everything is fine again."
        ),
        "stuffed": (
            "MD5, unsalted, salt, random salt, hash, slow hash, Argon2, bcrypt, scrypt, rainbow tables, precomputed tables, brute force, "
            "billions of guesses, GPU, password reuse, credential stuffing, sessions, reset, new password, notification, members, e-mail, "
            "migration, rehash, wrap, sign in, leak, attacker, memory-hard, stolen hashes, encryption, security, HTTPS, two-factor"
        ),
    },
    "backups": {
        "good": (
            "At the moment the office is safe if the first disk breaks, and that is about all. Both disks sit in one computer, so a burglar, a "
            "fire or a lightning strike takes them together. Ransomware is just as dangerous: it would encrypt whatever is plugged in, and so "
            "the copy would be lost as well. There is also the quiet kind of loss. If somebody ruins a drawing on Monday and nobody notices, "
            "the good version is replaced in the copy that same evening. For these reasons I would keep several older versions, for example "
            "one for each day and one for each month. In addition, one copy should be encrypted and stored outside the building with a "
            "provider, and another on a disk that is unplugged after each run, where malware cannot get at it. However, a backup is only worth "
            "what can be brought back from it. That is why the office should restore a project every few months as an exercise and open the "
            "files. If the nightly run fails, a message must go to one named person who takes care of it."
        ),
        "middling": (
            "A copy on a second disk is better than nothing, because the data is still there when the first disk is broken. But if there is a "
            "fire in the office or the computer is stolen, then both disks are gone. I would recommend saving the files in the cloud too, so "
            "that there is a copy in another place. It could be done automatically every night. The owner should look now and then whether "
            "the files are there."
        ),
        "poor": (
            "I think the office does enough, since it has a copy of everything. Disks are very reliable nowadays and seldom break. If the "
            "owner wants more, he can buy a faster computer with a bigger disk. It is also important that employees are careful and do not "
            "make mistakes. A good virus scanner is always useful."
        ),
        "stuffed": (
            "Backup, restore, restore test, second disk, disk failure, fire, theft, power surge, ransomware, malware, offline copy, off-site, "
            "other building, encrypted copy, provider, cloud, versions, older versions, overwritten files, deleted by mistake, monitoring, "
            "alarm, responsible person, nightly run, 3-2-1 rule, retention, schedule, disaster recovery, snapshots, tapes, checksum"
        ),
    },
}

OFF_TOPIC: Final = (
    "Last summer my family travelled through the mountains for two weeks. First we walked from hut to hut, because my sister loves long "
    "walks. The food in the huts was simple, but after a day outside it tasted wonderful. Then it rained for three days, so we played cards "
    "and read old magazines by the stove. In the end the sun came back, and we swam in a cold lake. I would like to go there again, although "
    "the journey by train takes almost a whole day."
)

PROMPTS: Final = {"passwords": PASSWORDS, "backups": BACKUPS}


def task(topic: str, essay: str) -> EssayTask:
    """`essay` as an answer to the question on `topic`."""
    return EssayTask(prompt=PROMPTS[topic], essay=essay, rubric=RUBRICS[topic])
