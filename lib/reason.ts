/** Why something failed, in one line, out of whatever was thrown. */
import { inspect } from 'node:util'

/**
 * The words of an error: its message, or else its code or name. Several at once (a name with two
 * addresses, both of which refused) are joined. What is no error is printed.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(reasonOf).join(', ')
  }
  if (error instanceof Error) {
    const { code } = error as { code?: unknown }
    return error.message || (typeof code === 'string' ? code : error.name)
  }
  return typeof error === 'string' && error !== '' ? error : inspect(error)
}
