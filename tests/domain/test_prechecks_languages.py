# ruff: noqa: RUF001 - texts in other languages are what this module is about
"""Another language than the prompt's, and no language at all: recognised in whole essays, not in quotations, code or honest English."""

import json
import random
from pathlib import Path

import pytest

from assay.domain.prechecks import FlagKind, gibberish, precheck, wrong_language

PROMPT = (
    "A mobile app calls a payment service, which charges the card through an external provider. On poor networks some customers are "
    "charged twice. Describe how you would change the service so that a repeated request charges only once."
)
OTHERS = {
    "German": (
        "Ich würde jeder Zahlung einen Schlüssel geben, den die App bei jedem Versuch mitschickt. Der Dienst schreibt ihn in "
        "eine Tabelle, bevor er die Karte belastet, und wenn er schon da ist, bekommt der Kunde die Antwort von vorher."
    ),
    "French": (
        "Je donnerais à chaque paiement une clé que l'application envoie avec chaque essai. Le service écrit la clé dans une "
        "table avant de débiter la carte, et si elle est déjà là, le client reçoit la réponse précédente."
    ),
    "Spanish": (
        "Yo daría a cada pago una clave que la aplicación envía con cada intento. El servicio escribe la clave en una tabla "
        "antes de cobrar la tarjeta, y si ya está allí, el cliente recibe la respuesta de antes."
    ),
    "Italian": (
        "Darei a ogni pagamento una chiave che l'app manda con ogni tentativo. Il servizio scrive la chiave in una tabella prima "
        "di addebitare la carta, e se la chiave è già presente il cliente riceve la risposta di prima."
    ),
    "Dutch": (
        "Ik zou elke betaling een sleutel geven die de app bij elke poging meestuurt. De dienst schrijft de sleutel in een tabel "
        "voordat de kaart wordt belast, en als hij er al is, krijgt de klant het antwoord van de vorige keer."
    ),
    "Polish": (
        "Każda płatność dostałaby klucz, który aplikacja wysyła przy każdej próbie. Usługa zapisuje go w tabeli, zanim obciąży "
        "kartę, a jeśli klucz już tam jest, to klient dostaje poprzednią odpowiedź i nie płaci po raz drugi."
    ),
    "Turkish": (
        "Her ödeme için bir anahtar verirdim ve uygulama bunu her denemede gönderir. Servis kartı çekmeden önce anahtarı bir "
        "tabloya yazar ve anahtar daha önce varsa müşteri önceki cevabı alır, bu da ikinci bir ödeme olmaz demektir."
    ),
    "Russian": ("Каждому платежу я дал бы ключ, который приложение посылает при каждой попытке."),
    "Chinese": ("我会给每一笔付款一个键,应用在每次重试时都发送同一个键,服务先写入表中再扣款。"),
    "Japanese": ("支払いごとにキーを与え、アプリは再試行のたびに同じキーを送ります。二重に請求されません。"),
    "Arabic": ("أعطي كل دفعة مفتاحا ترسله التطبيقات مع كل محاولة وتكتبه الخدمة قبل الخصم."),
}
ENGLISH = (
    "Each payment gets a key from the app, and the app sends the same key with every retry. The service writes the key into a table with "
    "a unique index before it charges the card, so two copies of a request cannot both go on. A later copy receives the answer."
)
LIST = (
    "Idempotency key, unique constraint, stored response, provider status, reconciliation job, customer refund, monitoring, alert, "
    "timeout, retry budget, exponential backoff, jitter, circuit breaker, queue, dead letter"
)
LEARNER = (
    "I am give each payment key and app is send it by every try, so service can to look in table and not charge card a second time, as "
    "key is there and answer is stored before."
)
ESSAYS = Path(__file__).parents[2] / "evals" / "grading" / "essays.jsonl"


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_is_named(language: str) -> None:
    """An essay in it is flagged with its sentences; the same essay is fine where the question is in that language too."""
    essay = OTHERS[language]
    spans, named = wrong_language(essay, PROMPT)
    assert named == language
    assert all(essay[span.start : span.end] == span.text for span in spans)
    assert sum(len(span.text) for span in spans) > 0.8 * len(essay)
    assert wrong_language(essay, essay) == ((), "")
    (flag,) = (flag for flag in precheck(essay, prompt=PROMPT) if flag.kind is FlagKind.WRONG_LANGUAGE)
    assert flag.detail == language


@pytest.mark.parametrize(
    "essay",
    [
        ENGLISH,
        "Nein, das geht nicht.",
        f"{ENGLISH} We say: „Man muss das Eisen schmieden, solange es heiß ist“, so I would begin today.",
        "SELECT id, key FROM payments WHERE key = $1 FOR UPDATE; INSERT INTO payments (id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING; "
        * 2,
        LIST,
        LEARNER,
    ],
)
def test_english_quotations_code_and_lists_are_no_other_language(essay: str) -> None:
    """Short texts, quoted sentences, program code, keywords, and the English of those who learn it."""
    assert wrong_language(essay, PROMPT) == ((), "")


def test_nothing_is_said_without_a_prompt_to_compare_with() -> None:
    """A prompt too short to have a language tells nothing."""
    assert wrong_language(OTHERS["German"], "Why?") == ((), "")


@pytest.mark.parametrize(
    "essay",
    [
        "asdf ghjkl qwert zxcvb asdfgh jklqwe",
        "dfkjghsdf kjsdhfg lksjdfg hlskdjfh gslkdjf",
        "aaaaaaaa bbbbbbbb cccccccc",
        "Xkqjv zpwfq rtbnx vcjkq wqpzx mnbvq",
        "sdfghjklxcvb",
        f"{'hjkl sdfg xcvq wqrt bvnm ' * 12} I would use a key.",
    ],
)
def test_keys_hit_at_random_are_gibberish(essay: str) -> None:
    """Mash, random letters, repeated letters, also with a few words beside them; the spans are the essay's."""
    spans = gibberish(essay)
    assert spans
    assert all(essay[span.start : span.end] == span.text for span in spans)


def test_random_letters_are_gibberish_whatever_they_are() -> None:
    """Nine in ten of two hundred random texts at least, drawn by a fixed seed."""
    draw = random.Random(5)
    texts = (" ".join("".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(3, 9))) for _ in range(20)) for _ in range(200))
    assert sum(bool(gibberish(text)) for text in texts) > 180


def test_a_heap_of_words_is_no_text() -> None:
    """Terms without any of the small words that make sentences of them."""
    heap = "databases caching performance latency scaling replicas sharding indexes queries transactions consistency availability " * 3
    assert gibberish(heap)


@pytest.mark.parametrize(
    "essay",
    [
        ENGLISH,
        "Use TLS, HSTS, CSP, SRI, JWT, OIDC, PKCE, SAML, MFA, FIDO2.",
        "kubectl apply -f deployment.yaml && kubectl rollout status deploy/web --timeout=120s; psql -c 'select pg_stat_reset()'",
        "def fn(x, y): return xs[ys[zz]] if qwk else krbtgt_hash",
        "Kubernetes, PostgreSQL, nginx, Grafana, Terraform and RabbitMQ run behind HAProxy.",
        "The strengths of rhythm and myths: why crypts? Schwartz, Nguyen, Szymborska and Grzegorz asked.",
        "I dont now how teh sistem wroks but i tihnk teh datbase is to slwo and need moer idnexes becuse queris are slwo.",
        "No idea.",
        "TODO",
        *OTHERS.values(),
    ],
)
def test_words_names_code_and_other_languages_are_not_gibberish(essay: str) -> None:
    """Acronyms, identifiers, names from anywhere and typing errors are language."""
    assert gibberish(essay) == ()


def test_honest_essays_have_neither_flag() -> None:
    """None of our own graded essays, the misspelt and foreign-sounding ones included, but for heaps of terms."""
    found = [json.loads(line) for line in ESSAYS.read_text(encoding="utf-8").splitlines()]
    wrong = {FlagKind.GIBBERISH, FlagKind.WRONG_LANGUAGE}
    flagged = [raw["kind"] for raw in found if any(flag.kind in wrong for flag in precheck(raw["essay"], prompt=PROMPT))]
    assert set(flagged) <= {"stuffed"}
