/** What another configuration changes, in words. */
import type { DirectorConfig } from './director-config.ts'

/** A line each. */
export function changesBetween(before: DirectorConfig, after: DirectorConfig): string[] {
  const changes: string[] = []
  const old = new Map(before.services.map((service) => [service.id, service]))
  const plain = (value: unknown): string =>
    JSON.stringify(value, (key, one) =>
      key === 'run' || typeof one === 'function' ? undefined : one,
    )
  for (const service of after.services) {
    const was = old.get(service.id)
    old.delete(service.id)
    if (was === undefined) {
      changes.push(`service ${service.name} added`)
      continue
    }
    const servers = new Map(was.servers.map((server) => [server.id, server]))
    for (const server of service.servers) {
      const other = servers.get(server.id)
      servers.delete(server.id)
      if (other === undefined) changes.push(`${service.name}: server ${server.id} added`)
      else if (plain(other) !== plain(server))
        changes.push(`${service.name}: server ${server.id} changed`)
    }
    for (const id of servers.keys()) changes.push(`${service.name}: server ${id} removed`)
    if (plain({ ...was, servers: [] }) !== plain({ ...service, servers: [] })) {
      changes.push(`${service.name} changed`)
    }
  }
  for (const { name } of old.values()) changes.push(`service ${name} removed`)
  const rest = (config: DirectorConfig): string =>
    plain({ ...config, services: [], vips: [...config.vips] })
  if (rest(before) !== rest(after)) changes.push('options of the director changed')
  return changes
}
