import type { Catalogue } from './catalogue.ts'

const later = 'Подождите немного и попробуйте ещё раз.'
const anew = 'Загрузите страницу заново, чтобы увидеть, как обстоят дела.'

/** Что делать, если отказал сервер: по коду отказа. */
export const remedies = {
  'remedy.unauthenticated': 'Войдите и попробуйте ещё раз.',
  'remedy.insufficient-credits': 'Подождите, пока текущие задачи вернут кредиты, или попросите пополнить счёт.',
  'remedy.forbidden': 'Войдите под учётной записью с такими правами или обратитесь к администратору.',
  'remedy.not-found': 'Проверьте адрес и то, что вы вошли под той учётной записью, которая это создала.',
  'remedy.too-slow': 'Попробуйте ещё раз при лучшей связи или с фото поменьше.',
  'remedy.refused': anew,
  'remedy.wrong-state': anew,
  'remedy.already-exists': 'Выберите другое имя.',
  'remedy.price-changed': 'Теперь показана новая цена: если согласны, нажмите ещё раз.',
  'remedy.account-closed': 'Войдите под другой учётной записью.',
  'remedy.no-result': 'Сделайте заново: так же или с изменениями.',
  'remedy.erased': 'Вернуть это нельзя; сделайте заново.',
  'remedy.too-large': 'Возьмите фото поменьше или напишите короче.',
  'remedy.unsupported-media-type': 'Пришлите картинку PNG, JPEG или WebP.',
  'remedy.invalid-input': 'Исправьте то, что названо ниже, и отправьте снова.',
  'remedy.too-many-queued': 'Дождитесь, пока начнётся одна из них, или отмените одну.',
  'remedy.too-many-uploads': later,
  'remedy.rate-limited': later,
  'remedy.in-flight': later,
  'remedy.unavailable': later,
  'remedy.projection-behind': later,
  'remedy.no-owner': later,
  'remedy.dependency-down': later,
  'remedy.outcome-pending': 'Попробуйте ещё раз: дважды это не выполнится.',
  'remedy.stream-quarantined': 'Обратитесь к тем, кто ведёт этот сервис: без них не продолжить.',
  'remedy.other': 'Попробуйте позже; если не пройдёт, сообщите тем, кто ведёт этот сервис.',
} satisfies Partial<Catalogue>
