import { translated } from './sentences.ts'

/** A sentence of the service in the person's language, or marked as the English that it is. */
export const Said = ({ text }: { text: string }) => translated(text) ?? <span lang="en">{text}</span>
