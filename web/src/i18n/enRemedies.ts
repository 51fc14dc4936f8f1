const later = 'Wait a moment and try again.'
const anew = 'Load the page anew to see how things stand.'

/** What to do when the server refuses, by its code: adapters/http/explanations.py tells the same to programs. */
export const remedies = {
  'remedy.unauthenticated': 'Log in and try again.',
  'remedy.insufficient-credits': 'Wait for work under way to give credits back, or ask for more.',
  'remedy.forbidden': 'Use an account that may do it, or ask an administrator.',
  'remedy.not-found': 'Check the address, and that you are logged in with the account that made it.',
  'remedy.too-slow': 'Try again over a better connection, or with a smaller photo.',
  'remedy.refused': anew,
  'remedy.wrong-state': anew,
  'remedy.already-exists': 'Choose another name.',
  'remedy.price-changed': 'The price that stands there now is the new one: press again if you agree.',
  'remedy.account-closed': 'Use another account.',
  'remedy.no-result': 'Make it anew, as it is or changed.',
  'remedy.erased': 'It cannot be brought back; make it anew.',
  'remedy.too-large': 'Take a smaller photo, or fewer words.',
  'remedy.unsupported-media-type': 'Use a PNG, JPEG or WebP picture.',
  'remedy.invalid-input': 'Correct what is named below and send it again.',
  'remedy.too-many-queued': 'Wait until one of them begins, or cancel one.',
  'remedy.too-many-uploads': later,
  'remedy.rate-limited': later,
  'remedy.in-flight': later,
  'remedy.unavailable': later,
  'remedy.projection-behind': later,
  'remedy.no-owner': later,
  'remedy.dependency-down': later,
  'remedy.outcome-pending': 'Try again: it is done at most once.',
  'remedy.stream-quarantined': 'Ask whoever runs this service: it does not go on without them.',
  'remedy.other': 'Try again later; if it stays, tell whoever runs this service.',
} as const
