/** The codes a `TapwireError` can carry: Node's own for arguments, errno names for the network. */
export type ErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_INTERNAL_ASSERTION'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EACCES'
  | 'EAFNOSUPPORT'
  | 'EALREADY'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  | 'EINVAL'
  | 'EMFILE'
  | 'EMSGSIZE'
  | 'ENETDOWN'
  | 'ENETUNREACH'
  | 'ENOBUFS'
  | 'ENOMEM'
  | 'ENOTCONN'
  | 'EPIPE'
  | 'ETIMEDOUT'

/** An error at the edge of the API: a wrong argument, or a request that the network's state refuses. */
export class TapwireError extends Error {
  override readonly name = 'TapwireError'
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
