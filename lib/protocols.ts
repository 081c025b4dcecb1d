/** Routing protocols as the kernel numbers them: who put a route there. */

/** RTPROT_* of linux/rtnetlink.h, and what FRR adds in zebra/rt_netlink.h. */
export const protocolNumbers: Readonly<Record<string, number>> = {
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  mrouted: 17,
  keepalived: 18,
  babel: 42,
  openr: 99,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  ripng: 190,
  nhrp: 191,
  eigrp: 192,
  ldp: 193,
  sharp: 194,
  pbr: 195,
  zstatic: 196,
  openfabric: 197,
  srte: 198,
}

export const KERNEL = 2
export const OSPF = 188
/** Of the static routes that we put there: nobody else's, so that those of an earlier life are known. */
export const OWN_STATIC = 246

/** Put there by hand: with `ip route`, by the scripts of the boot, or as a static route of FRR or of ours. */
export const statics: readonly number[] = [3, 4, 196, OWN_STATIC]

/**
 * What `redistribute kernel` of FRR means: routes that others put there, but for the kernel's own and its redirects,
 * and those of FRR itself.
 */
export const isForeign = (protocol: number): boolean =>
  protocol > KERNEL &&
  protocol !== 11 &&
  protocol !== OWN_STATIC &&
  !(protocol >= 186 && protocol <= 198)
