/** `show ip ospf kernel`: how routes go to the kernel. vtysh has no such thing; the names are those of `speaker.kernel()`. */
import type { KernelStatus, Snapshots } from './speaker-like.ts'

/** Empty: none are installed. */
export type KernelDocument = KernelStatus | Record<string, never>

export const kernelDocument = (speaker: Snapshots): KernelDocument => speaker.kernel() ?? {}

export function formatKernel(document: KernelDocument): string {
  if (!isKernel(document)) return 'routes are not installed\n'
  const { mode, why, table, metric, protocol, routes, discards, groups } = document
  const { leftovers, pending, failed, foreign, forbidden, lastError } = document
  const lines = [
    `several next hops: ${mode} (${why})`,
    `table ${table}, metric ${metric}, protocol ${protocol}`,
    `${routes} routes, ${discards} of them discard; ${groups} next-hop groups`,
    `${pending} pending, ${failed} failed, ${foreign} in the place of which is another's, ${leftovers} of an earlier life`,
    ...(forbidden ? ['routes are not being installed: CAP_NET_ADMIN is needed'] : []),
    ...(lastError ? [`last error, ${Math.round(lastError.age)} s ago: ${lastError.message}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const isKernel = (document: KernelDocument): document is KernelStatus => 'mode' in document
