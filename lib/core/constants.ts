/** Architectural constants, RFC 2328 appendix B, with their units in the names, and the two multicast groups (A.1). */

export const LS_REFRESH_TIME_S = 1800
export const MIN_LS_INTERVAL_MS = 5000
export const MIN_LS_ARRIVAL_MS = 1000
export const MAX_AGE_S = 3600
export const MAX_AGE_DIFF_S = 900
/** 0x80000001, the oldest (signed: most negative but one) sequence number. 0x80000000 is reserved. */
export const INITIAL_SEQUENCE = -0x7fffffff
export const MAX_SEQUENCE = 0x7fffffff
export const LS_INFINITY = 0xffffff

/** 224.0.0.5 */
export const ALL_SPF_ROUTERS = 0xe0000005
/** 224.0.0.6 */
export const ALL_D_ROUTERS = 0xe0000006

/** What GTSM sends (RFC 5082 3). */
export const MAX_TTL = 255

export const IP_HEADER_OCTETS = 20
export const OSPF_HEADER_OCTETS = 24
export const LSA_HEADER_OCTETS = 20

/**
 * How much later than MinLSArrival a new instance of our own LSA leaves, so that the way to a receiver may take a
 * little less time for it than it took for the instance before (13 (5a) drops what comes early, unacknowledged).
 */
export const ARRIVAL_MARGIN_MS = 100
/** Delayed acknowledgements wait this long for company (13.5); it must stay well below any RxmtInterval. */
export const DELAYED_ACK_MS = 100
/** Least time between a Hello and one sent out of turn because a new neighbor appeared. */
export const HELLO_GAP_MS = 100
/** Least time between two first Database Description packets to a neighbor that begins anew. */
export const EXSTART_GAP_MS = 100
/** Our own router-LSA waits at most this long for a database exchange to end, to say everything at once. */
export const EXCHANGE_PATIENCE_MS = 1000
/**
 * How long an LSA at MaxAge stays after everybody has acknowledged it: a late copy of the live instance, retransmitted
 * by somebody, must find it. RxmtInterval and MinLSArrival; FRR keeps them for a minute. Our own need no such care, as
 * we answer for them (13.4).
 */
export const MAX_AGE_HOLD_MS = 6000
/** Retransmissions that fall due within this window leave together. */
export const RETRANSMIT_WINDOW_MS = 50
/** LS Update packets that one retransmission timer sends at the most; the rest follows a window later. */
export const RETRANSMIT_BURST_PACKETS = 16
/** Data of an opaque LSA in a packet of 1500 octets, with room for the longest authentication trailer. */
export const OPAQUE_OCTETS = 1344
/** ExitOverflowInterval (RFC 1765 2.4). There the default is never. */
export const EXIT_OVERFLOW_MS = 300_000
