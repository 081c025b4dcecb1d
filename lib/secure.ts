/** TLS and what stands on it, loaded by the first who wants it: no router waits for that when it starts. */

export const https = (): typeof import('node:https') => process.getBuiltinModule('node:https')
export const http2 = (): typeof import('node:http2') => process.getBuiltinModule('node:http2')
export const tls = (): typeof import('node:tls') => process.getBuiltinModule('node:tls')
