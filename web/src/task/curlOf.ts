import type { Task } from '../api/types.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A shell command that asks for the same model. The token comes from the environment: it is nobody's to copy around. */
export function curlOf(task: Task, origin: string): string {
  const image = task.inputs?.[0]?.file_id
  const params = typeof task.seed === 'number' ? { ...task.params, seed: task.seed } : task.params
  const order = {
    ...(task.prompt ? { prompt: task.prompt } : {}),
    ...(image === undefined ? {} : { image_file_id: image }),
    model: task.model,
    params,
  }
  return [
    `curl ${quoted(`${origin}/generate`)}`,
    '  -H "Authorization: Bearer $LATHE_TOKEN"',
    "  -H 'Content-Type: application/json'",
    `  -d ${quoted(JSON.stringify(order))}`,
  ].join(' \\\n')
}
