"""What each type of problem means, and what to do about it: in English and Russian, for `/problems/<code>`.

Every entry of the catalogue has one (a test checks it).
"""

from typing import Final

import msgspec


class Explanation(msgspec.Struct, frozen=True):
    """Whole sentences."""

    means_en: str
    do_en: str
    means_ru: str
    do_ru: str

    def means(self, language: str) -> str:
        """In `en` or `ru`."""
        return self.means_ru if language == "ru" else self.means_en

    def remedy(self, language: str) -> str:
        """In `en` or `ru`."""
        return self.do_ru if language == "ru" else self.do_en


EXPLAINED: Final[dict[str, Explanation]] = {
    "malformed-json": Explanation(
        "The body is no I-JSON (RFC 7493): its syntax is wrong, a member is repeated, a number does not fit, or a text "
        "is not valid Unicode.",
        "Send the body as your JSON library writes it, in UTF-8, without NaN, Infinity and repeated members.",
        "Тело не является I-JSON (RFC 7493): нарушен синтаксис, член повторяется, число не помещается или текст не "
        "является корректным Юникодом.",
        "Отправьте тело так, как его пишет ваша библиотека JSON: в UTF-8, без NaN, Infinity и повторяющихся членов.",
    ),
    "malformed-request": Explanation(
        "A header, the path or a multipart body cannot be read.",
        "See `detail` for the place, and put it right.",
        "Заголовок, путь или тело multipart не удаётся прочитать.",
        "Место указано в `detail`: исправьте его.",
    ),
    "token-in-url": Explanation(
        "An access token stands in the URL, where logs and histories keep it.",
        "Send it as `Authorization: Bearer <token>`; for a live stream get a one-time ticket (POST /auth/tickets). "
        "Change the password if the URL may have been seen.",
        "Токен доступа указан в адресе, где его сохраняют журналы и история.",
        "Передавайте его в заголовке `Authorization: Bearer <token>`; для потока событий получите одноразовый билет "
        "(POST /auth/tickets). Смените пароль, если адрес могли увидеть.",
    ),
    "unauthenticated": Explanation(
        "There is no access token, or it has expired, or the account changed since it was issued; at login: the user "
        "name or the password is wrong.",
        "Log in (POST /auth/login), or exchange the refresh token (POST /auth/refresh), and repeat the request.",
        "Токен доступа отсутствует, истёк или счёт изменился после его выдачи; при входе: неверны имя или пароль.",
        "Войдите (POST /auth/login) или обменяйте токен обновления (POST /auth/refresh) и повторите запрос.",
    ),
    "insufficient-credits": Explanation(
        "The account has fewer credits free to spend than this costs. Nothing was reserved.",
        "Compare `price` with `balance`, wait for running tasks to release credits, or ask for more.",
        "На счёте свободно меньше кредитов, чем это стоит. Ничего не зарезервировано.",
        "Сравните `price` и `balance`, дождитесь, пока задачи вернут кредиты, или пополните счёт.",
    ),
    "forbidden": Explanation(
        "You are known, but your role may not do this.",
        "Use an account that has the role named in `detail`, or ask an administrator for it.",
        "Вы известны системе, но вашей роли это не разрешено.",
        "Воспользуйтесь счётом с ролью, указанной в `detail`, или попросите её у администратора.",
    ),
    "origin-refused": Explanation(
        "A web page of another site sent this, and that site is not among those that may.",
        "The operator can add the site's origin to LATHE_CORS_ORIGINS.",
        "Запрос отправила страница другого сайта, которому это не разрешено.",
        "Оператор может добавить источник сайта в LATHE_CORS_ORIGINS.",
    ),
    "not-found": Explanation(
        "There is nothing with this id or at this path, or it belongs to somebody else: the two are answered alike.",
        "Check the id, and that you are logged in with the account that made it.",
        "По этому идентификатору или пути ничего нет, либо это принадлежит другому: ответ одинаков.",
        "Проверьте идентификатор и то, что вы вошли под счётом, которому он принадлежит.",
    ),
    "method-not-allowed": Explanation(
        "The path exists, but not with this method.",
        "Use one of the methods in the header `Allow`.",
        "Путь существует, но не с этим методом.",
        "Используйте один из методов из заголовка `Allow`.",
    ),
    "not-acceptable": Explanation(
        "None of the media types in `Accept` is offered here.",
        "Ask for one of those named in `detail`, or leave `Accept` out.",
        "Ни один из типов в `Accept` здесь не предлагается.",
        "Запросите один из названных в `detail` или не указывайте `Accept`.",
    ),
    "too-slow": Explanation(
        "The body did not arrive in time. Nothing was stored.",
        "Send it again over a better connection; large files go best to the object store (POST /uploads).",
        "Тело не пришло вовремя. Ничего не сохранено.",
        "Отправьте ещё раз по более быстрому соединению; большие файлы лучше передавать через POST /uploads.",
    ),
    "refused": Explanation(
        "The command was understood and refused; nothing changed.",
        "`detail` says why.",
        "Команда понята и отклонена; ничего не изменилось.",
        "Причина указана в `detail`.",
    ),
    "already-exists": Explanation(
        "What should be made is there already, like a user name that is taken.",
        "Choose another name, or use what is there.",
        "То, что создаётся, уже существует: например, имя пользователя занято.",
        "Выберите другое имя или используйте существующее.",
    ),
    "price-changed": Explanation(
        "It costs more than `max_credits` allows; nothing was reserved.",
        "Look at `quote`; repeat with a higher `max_credits` if you agree.",
        "Цена выше, чем разрешает `max_credits`; ничего не зарезервировано.",
        "Посмотрите `quote` и, если согласны, повторите с большим `max_credits`.",
    ),
    "wrong-state": Explanation(
        "The task, user or record is in a state that does not allow this: a result before the end, a cancel after it.",
        "Read its present state, and act on that.",
        "Состояние задачи, пользователя или записи этого не допускает: результат до завершения, отмена после него.",
        "Прочитайте текущее состояние и действуйте исходя из него.",
    ),
    "ambiguous-name": Explanation(
        "Several of your files have this name.",
        "Ask by id: `file_ids` names them.",
        "Это имя у нескольких ваших файлов.",
        "Запросите по идентификатору: они перечислены в `file_ids`.",
    ),
    "account-closed": Explanation(
        "The account was closed: nothing new is accepted.",
        "Use another account.",
        "Счёт закрыт: ничего нового не принимается.",
        "Используйте другой счёт.",
    ),
    "in-flight": Explanation(
        "A request with the same Idempotency-Key is being worked on at this moment.",
        "Wait as long as `Retry-After` says and repeat it: you get the answer of the first one.",
        "Запрос с тем же Idempotency-Key выполняется прямо сейчас.",
        "Подождите, сколько указано в `Retry-After`, и повторите: вы получите ответ первого запроса.",
    ),
    "no-result": Explanation(
        "The task failed or was cancelled: there will be no result. What was reserved and not used was given back.",
        "`problem` or `reason` says why; retry it or fork it with other parameters.",
        "Задача не удалась или отменена; результата не будет. Зарезервированное и не использованное возвращено.",
        "Причина в `problem` или `reason`; повторите задачу или создайте её вариант с другими параметрами.",
    ),
    "erased": Explanation(
        "The personal data this needs was erased, with the key that encrypted it.",
        "It cannot be brought back; make it anew.",
        "Нужные персональные данные стёрты вместе с ключом шифрования.",
        "Их нельзя восстановить; создайте заново.",
    ),
    "precondition-failed": Explanation(
        "What you want to change has changed since you read it (`If-Match`).",
        "Read it again, decide again, and send its new ETag.",
        "То, что вы хотите изменить, изменилось с момента чтения (`If-Match`).",
        "Прочитайте снова, примите решение и отправьте новый ETag.",
    ),
    "too-large": Explanation(
        "More bytes, pixels, parts or fields than are taken here. Nothing was stored.",
        "`detail` names the limit: send less.",
        "Больше байтов, пикселей, частей или полей, чем здесь принимается. Ничего не сохранено.",
        "Предел указан в `detail`: отправьте меньше.",
    ),
    "unsupported-media-type": Explanation(
        "The content is of a kind that is not accepted here, whatever its name says.",
        "Send one of the kinds named in `detail`.",
        "Содержимое такого типа здесь не принимается, каким бы ни было имя.",
        "Отправьте один из типов, названных в `detail`.",
    ),
    "range-not-satisfiable": Explanation(
        "The range lies outside of the file, or several ranges were asked for at once.",
        "Ask for one range within the length in `Content-Range`, or for the whole.",
        "Диапазон лежит вне файла, или запрошено сразу несколько диапазонов.",
        "Запросите один диапазон в пределах длины из `Content-Range` или файл целиком.",
    ),
    "invalid-input": Explanation(
        "The request can be read, but a value is missing, unknown or out of its limits. Nothing was written.",
        "`errors` names each place: `pointer` in the body, `parameter` in the URL or the headers.",
        "Запрос прочитан, но значение отсутствует, неизвестно или вне пределов. Ничего не записано.",
        "Каждое место указано в `errors`: `pointer` в теле, `parameter` в адресе или заголовках.",
    ),
    "idempotency-key-reused": Explanation(
        "The Idempotency-Key came before with another request.",
        "Use a new key for a new request; keep a key only to repeat the very same one.",
        "Этот Idempotency-Key уже приходил с другим запросом.",
        "Для нового запроса используйте новый ключ; повторяйте ключ только с тем же самым запросом.",
    ),
    "webhook-address-not-allowed": Explanation(
        "The URL of a webhook leads to this machine, a private network or a cloud's metadata, or it is plain http: "
        "nothing is ever posted there.",
        "Give a public https address. Who runs this installation can name further networks in LATHE_WEBHOOK_NETWORKS.",
        "Адрес вебхука ведёт на эту машину, в частную сеть или к метаданным облака либо это обычный http: туда ничего "
        "не отправляется.",
        "Укажите публичный адрес https. Владелец установки может назвать другие сети в LATHE_WEBHOOK_NETWORKS.",
    ),
    "rate-limited": Explanation(
        "More requests than the account or the address may send at once, or more tests of a webhook than may wait.",
        "Wait as long as `Retry-After` says; `RateLimit` tells what is left.",
        "Запросов больше, чем разрешено счёту или адресу за это время, либо проверок вебхука больше, чем может ждать.",
        "Подождите, сколько указано в `Retry-After`; остаток показывает `RateLimit`.",
    ),
    "too-many-queued": Explanation(
        "As many of the account's tasks wait as may wait.",
        "Wait until one of them has started, or cancel one.",
        "В очереди уже предельное число задач счёта.",
        "Дождитесь начала одной из них или отмените одну.",
    ),
    "too-many-uploads": Explanation(
        "As many uploads of the account are open as may be.",
        "Complete one of them, or wait until one has expired.",
        "Открыто предельное число загрузок счёта.",
        "Завершите одну из них или дождитесь, пока одна истечёт.",
    ),
    "internal": Explanation(
        "A fault of ours. It is logged under the request id.",
        "Try again later; if it stays, report it with the request id.",
        "Наша ошибка. Она записана в журнал под идентификатором запроса.",
        "Попробуйте позже; если не пройдёт, сообщите идентификатор запроса.",
    ),
    "unavailable": Explanation(
        "The service, or a part of it, is starting or stopping.",
        "Repeat after the seconds in `Retry-After`.",
        "Сервис или его часть запускается или останавливается.",
        "Повторите через указанное в `Retry-After` число секунд.",
    ),
    "projection-behind": Explanation(
        "What you ask for may be accepted already (`min_position`, a live stream or an earlier answer told of it), but "
        "it is not yet readable.",
        "Repeat after the seconds in `Retry-After`: it is not lost.",
        "То, что вы хотите увидеть (о нём сказали `min_position`, поток событий или прежний ответ), возможно, уже "
        "принято, но ещё не доступно для чтения.",
        "Повторите через указанное в `Retry-After` число секунд: ничего не потеряно.",
    ),
    "no-owner": Explanation(
        "No process decides for this account at the moment. Nothing was written.",
        "Repeat after the seconds in `Retry-After`; another process takes over.",
        "Сейчас ни один процесс не принимает решений для этого счёта. Ничего не записано.",
        "Повторите через указанное в `Retry-After` число секунд: другой процесс примет работу.",
    ),
    "outcome-pending": Explanation(
        "It may have been applied, and it is not known yet whether it was.",
        "Repeat the same request with the Idempotency-Key of this answer: it is never done twice.",
        "Возможно, команда применена, но это пока неизвестно.",
        "Повторите тот же запрос с Idempotency-Key из этого ответа: дважды он выполнен не будет.",
    ),
    "dependency-down": Explanation(
        "The log, the database or the object store does not answer.",
        "Repeat after the seconds in `Retry-After`; operators see which one at /readyz.",
        "Журнал, база данных или хранилище объектов не отвечает.",
        "Повторите через указанное в `Retry-After` число секунд; операторы видят, что именно, на /readyz.",
    ),
    "stream-quarantined": Explanation(
        "A record in the account's history cannot be read, so nothing is decided on it until an operator ended that.",
        "Ask the operator of the installation; all other accounts go on.",
        "Запись в истории счёта не читается, поэтому решения по нему не принимаются, пока это не устранит оператор.",
        "Обратитесь к оператору установки; все остальные счета работают.",
    ),
}
