"""The catalogue of problem types: what `type` can be, and its title in English and Russian.

`type` is `/problems/<code>`. Codes are stable: clients branch on them. Every `DomainError` and `Unavailable` has its
entry (a test checks it); `/problems/<code>` can be rendered from here.
"""

from typing import Final

import msgspec


class ProblemType(msgspec.Struct, frozen=True):
    """One kind of problem. `status` is the HTTP status it usually comes with."""

    status: int
    en: str
    ru: str


PROBLEMS: Final[dict[str, ProblemType]] = {
    "malformed-json": ProblemType(400, "The body is not valid JSON", "Тело запроса не является корректным JSON"),
    "malformed-request": ProblemType(400, "The request cannot be read", "Запрос не удаётся разобрать"),
    "token-in-url": ProblemType(400, "A token has no place in a URL", "Токену не место в адресе"),
    "unauthenticated": ProblemType(401, "Log in first", "Сначала войдите в систему"),
    "insufficient-credits": ProblemType(402, "Not enough credits", "Недостаточно кредитов"),
    "forbidden": ProblemType(403, "You may not do this", "Это действие вам не разрешено"),
    "origin-refused": ProblemType(
        403, "Requests from this origin are not accepted", "Запросы с этого источника не принимаются"
    ),
    "not-found": ProblemType(404, "There is no such resource", "Такого ресурса нет"),
    "method-not-allowed": ProblemType(
        405, "The resource does not know this method", "Ресурс не поддерживает этот метод"
    ),
    "not-acceptable": ProblemType(406, "There is no such representation", "Такого представления нет"),
    "too-slow": ProblemType(408, "The request took too long to arrive", "Запрос передавался слишком долго"),
    "refused": ProblemType(409, "The command was refused", "Команда отклонена"),
    "already-exists": ProblemType(409, "It exists already", "Уже существует"),
    "price-changed": ProblemType(409, "The price is above your limit", "Цена выше указанного вами предела"),
    "wrong-state": ProblemType(409, "Not possible in this state", "В этом состоянии невозможно"),
    "ambiguous-name": ProblemType(409, "Several files have this name", "Такое имя у нескольких файлов"),
    "account-closed": ProblemType(409, "The account is closed", "Счёт закрыт"),
    "in-flight": ProblemType(409, "The same request is being worked on", "Такой же запрос уже выполняется"),
    "no-result": ProblemType(410, "There is no result", "Результата нет и не будет"),
    "erased": ProblemType(410, "The data was erased", "Данные удалены"),
    "precondition-failed": ProblemType(412, "The resource has changed", "Ресурс изменился"),
    "too-large": ProblemType(413, "Too large", "Слишком большой объём"),
    "unsupported-media-type": ProblemType(
        415, "This kind of content is not accepted", "Содержимое такого типа не принимается"
    ),
    "range-not-satisfiable": ProblemType(416, "The range cannot be served", "Запрошенный диапазон недоступен"),
    "invalid-input": ProblemType(422, "The request does not make sense", "Запрос не имеет смысла"),
    "idempotency-key-reused": ProblemType(
        422, "The idempotency key belongs to another request", "Ключ идемпотентности занят другим запросом"
    ),
    "webhook-address-not-allowed": ProblemType(
        422, "Nothing is posted to this address", "На этот адрес ничего не отправляется"
    ),
    "rate-limited": ProblemType(429, "Too many requests", "Слишком много запросов"),
    "too-many-queued": ProblemType(429, "Too many queued tasks", "Слишком много задач в очереди"),
    "too-many-uploads": ProblemType(429, "Too many unfinished uploads", "Слишком много незавершённых загрузок"),
    "internal": ProblemType(500, "Something went wrong here", "Внутренняя ошибка"),
    "unavailable": ProblemType(503, "Not available right now", "Сейчас недоступно"),
    "projection-behind": ProblemType(503, "The answer is not up to date yet", "Ответ ещё не обновлён"),
    "no-owner": ProblemType(503, "Nobody can decide this right now", "Сейчас некому принять решение"),
    "outcome-pending": ProblemType(503, "The outcome is not known yet", "Исход пока неизвестен"),
    "dependency-down": ProblemType(503, "A part of the service does not answer", "Часть сервиса не отвечает"),
    "stream-quarantined": ProblemType(
        503, "This account's history needs an operator", "История этого счёта требует внимания оператора"
    ),
}

CODE_OF_STATUS: Final[dict[int, str]] = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "too-slow",
    409: "refused",
    412: "precondition-failed",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    422: "invalid-input",
    429: "rate-limited",
    503: "unavailable",
}
"""The type of an HTTPException that carries only a status."""


def language_of(accept_language: str | None) -> str:
    """`ru` or `en`, whichever the client prefers (RFC 9110 section 12.5.4); `en` when it does not say."""
    best, best_quality = "en", 0.0
    for part in (accept_language or "").split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language == "*":
            language = "en"
        if language not in ("en", "ru"):
            continue
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if quality > best_quality:
            best, best_quality = language, quality
    return best


def title_of(code: str, language: str) -> str:
    """The title of a problem type in `en` or `ru`."""
    entry = PROBLEMS[code]
    return entry.ru if language == "ru" else entry.en
