import { EXAMPLES } from './examples.ts'

/** Prompts that are known to work, each with what came of it. */
export function Examples({ onChoose }: { onChoose: (prompt: string) => void }) {
  return (
    <ul className="examples">
      {EXAMPLES.map(({ prompt, picture }) => (
        <li key={prompt}>
          <button type="button" className="example" onClick={() => onChoose(prompt)}>
            <span className="stage-floor example-picture">
              {picture && <img src={picture} alt="" width="480" height="480" decoding="async" />}
            </span>
            <span className="example-prompt" lang="en">{prompt}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
