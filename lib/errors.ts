/** What a user of the library can get wrong, or the machine can refuse. Match on `code`, which is stable. */
export type OspfErrorCode =
  /** A configuration value is missing or not what it must be. */
  | 'ERR_OSPF_CONFIG'
  /** The kernel refused for want of a capability (CAP_NET_RAW, CAP_NET_ADMIN). */
  | 'ERR_OSPF_PERMISSION'
  /** The device does not exist. */
  | 'ERR_OSPF_NO_INTERFACE'
  /** Native code is not there for this platform, or could not be loaded. */
  | 'ERR_OSPF_NATIVE'
  /** A call to the kernel failed; the kernel's words are in the message, its errno in `errno`. */
  | 'ERR_OSPF_KERNEL'
  /** The prefix is announced already; or another speaker of this network namespace runs on the interface, or has the routes. */
  | 'ERR_OSPF_DUPLICATE'
  /** The speaker has stopped. */
  | 'ERR_OSPF_STOPPED'
  /** The child process of an isolated speaker could not be started, or ended before it answered. */
  | 'ERR_OSPF_CHILD'
  /** This kernel has no IPVS, or its module cannot be loaded; or, of the data plane on nftables, no nft program. */
  | 'ERR_OSPF_IPVS_ABSENT'
  /** This kernel has no such IPVS scheduler or persistence engine. */
  | 'ERR_OSPF_IPVS_SCHEDULER'
  /** There is such a virtual service, destination or synchronisation daemon already. */
  | 'ERR_OSPF_IPVS_EXISTS'
  /** There is no such virtual service. */
  | 'ERR_OSPF_IPVS_NO_SERVICE'
  /** The virtual service has no such destination. */
  | 'ERR_OSPF_IPVS_NO_DESTINATION'
  /** IPVS refuses the values. */
  | 'ERR_OSPF_IPVS_INVALID'

/** The one error class of this library. */
export class OspfError extends Error {
  readonly code: OspfErrorCode
  /** Symbolic errno of the kernel ('EPERM'), where there was one. */
  readonly errno: string | undefined
  override readonly name = 'OspfError'

  constructor(code: OspfErrorCode, message: string, options?: { cause?: unknown; errno?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.errno = options?.errno
  }
}

/** For what is asked of something that is over. */
export const stopped = (what: string): OspfError =>
  new OspfError('ERR_OSPF_STOPPED', `${what}: withdrawn, or the speaker has stopped`)
