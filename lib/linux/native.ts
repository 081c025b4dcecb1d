/** Loads native/netlink.cc, when it is first needed and not before. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OspfError } from '../errors.ts'

/**
 * AF_NETLINK as numbers: a negative result is -errno. `socket` is what `open` returned; calls on one that is closed
 * return -EBADF. Only what the kernel itself sent is received.
 */
export interface NativeNetlink {
  /** Bound to a port id of the kernel's choice. `receiveBuffer` in octets, 0 for the system's default. */
  open(protocol: number, receiveBuffer: number, readable: () => void): number
  portId(socket: number): number
  /** Size of the receive buffer as the kernel accounts it: twice what was asked for. */
  bufferSize(socket: number): number
  membership(socket: number, group: number, join: boolean): number
  /** An option of level SOL_NETLINK. */
  option(socket: number, name: number, value: number): number
  /** A classic BPF program, as an array of struct sock_filter. */
  filter(socket: number, program: Uint8Array): number
  send(socket: number, bytes: Uint8Array): number
  /** The length of the datagram, which is above `into.length` when it was cut off. Never blocks. */
  receive(socket: number, into: Uint8Array): number
  /** Whether the socket keeps the event loop alive; it does until told otherwise. */
  ref(socket: number, wanted: boolean): number
  /** May be called from within `readable`, which is not called again. */
  close(socket: number): number
  /** One datagram to a unix socket; '@' begins an abstract name. Never blocks. */
  notify(path: string, bytes: Uint8Array): number
}

let loaded: NativeNetlink | undefined

/** The binding. Throws ERR_OSPF_NATIVE when it is not there for this platform or does not load. */
export function nativeNetlink(): NativeNetlink {
  loaded ??= load(nativePath())
  return loaded
}

/** Where the binary for this platform belongs. */
export function nativePath(): string {
  return join(packageRoot(), 'native', 'prebuilds', platform(), 'netlink.node')
}

/** Loads the binding from `path`. Throws ERR_OSPF_NATIVE. */
export function load(path: string): NativeNetlink {
  if (!existsSync(path)) {
    const remedy =
      process.platform === 'linux'
        ? `build it with "node ${join(packageRoot(), 'native', 'build.mjs')}" (wants a C++ compiler)`
        : 'netlink is a part of Linux'
    throw new OspfError('ERR_OSPF_NATIVE', `no netlink binding for ${platform()}: ${remedy}`)
  }
  try {
    return createRequire(import.meta.url)(path) as NativeNetlink
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new OspfError('ERR_OSPF_NATIVE', `cannot load ${path}: ${words}`, { cause })
  }
}

const platform = (): string => `${process.platform}-${process.arch}`

/** This file runs from dist/ or a test's build folder; the package is the first folder up that says so. */
function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest) && named(manifest)) return folder
    if (folder === dirname(folder)) {
      throw new OspfError('ERR_OSPF_NATIVE', `no package.json of ospf-speaker above ${start}`)
    }
  }
}

function named(manifest: string): boolean {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')).name === 'ospf-speaker'
  } catch {
    return false
  }
}
