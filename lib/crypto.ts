/** The digests of packet authentication by node:crypto: what the speaker and the simulator hand to the core. */
import { createHash, createHmac } from 'node:crypto'
import type { Digests, HashName } from './wire/auth.ts'

export const nodeDigests: Digests = {
  hash: (name, data) => createHash(name).update(data).digest(),
  hmac: (name, key, data) => createHmac(name, key).update(data).digest(),
}

/** False where OpenSSL was built or told to leave a hash out, as MD5 in FIPS mode. */
export function canDigest(name: HashName): boolean {
  try {
    nodeDigests.hash(name, new Uint8Array(0))
    return true
  } catch {
    return false
  }
}
