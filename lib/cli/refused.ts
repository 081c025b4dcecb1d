/** What was asked for cannot be; the message is for the operator. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
