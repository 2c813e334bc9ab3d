/** Why this host can't become a node: one line for the person who typed the command, with what to do. */
export class JoinError extends Error {
  override name = 'JoinError'
}
