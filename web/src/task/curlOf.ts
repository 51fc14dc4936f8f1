import type { Task } from '../api/types.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A shell command that asks for the same model. The token comes from the environment: it is nobody's to copy around. */
export function curlOf(task: Task, origin: string): string {
  const order = { ...inputsOf(task), model: task.model, params: { ...task.params, seed: task.seed } }
  return [
    `curl ${quoted(`${origin}/generate`)}`,
    '  -H "Authorization: Bearer $LATHE_TOKEN"',
    "  -H 'Content-Type: application/json'",
    `  -d ${quoted(JSON.stringify(order))}`,
  ].join(' \\\n')
}

function inputsOf({ prompt, inputs }: Task): object {
  if (inputs.length === 0) return { prompt }
  const [first] = inputs
  if (inputs.length === 1 && first!.role === 'image') return { image_file_id: first!.file_id }
  return { images: Object.fromEntries(inputs.map(({ role, file_id }) => [role, file_id])) }
}
