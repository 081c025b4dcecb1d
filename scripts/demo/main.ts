/** The demo, built: `demo.mjs` has seen to everything and starts this. See its --help. */
import { parseArgs } from 'node:util'
import { Lines } from './lines.ts'
import { Panel } from './panel.ts'
import { SimWorld } from './sim-world.ts'
import { tell } from './story.ts'
import type { World } from './world.ts'

const { values } = parseArgs({
  options: {
    sim: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
    router: { type: 'string', default: 'ospf-speaker' },
  },
})

/** Virtual seconds per second: about ten seconds for the whole story. */
const pace = 4

const { stdout, env } = process
const plain = !stdout.isTTY || env['NO_COLOR'] !== undefined || env['CI'] !== undefined

let world: World | undefined
const get = (): World | undefined => world
const panel = plain ? undefined : new Panel(get, stdout)
const screen = panel ?? new Lines(get, console.log)
// Whatever happens: the cursor comes back.
process.once('exit', () => panel?.close())
for (const [signal, status] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
  process.once(signal, () => process.exit(status))
}

async function build(): Promise<World> {
  const update = (): void => screen.update()
  if (values.sim) return new SimWorld(update, values.fast ? undefined : pace)
  // Loaded here: the simulated story needs nothing of Linux.
  const { LabWorld } = await import('./lab-world.ts')
  return LabWorld.build(values.router, update)
}

async function main(): Promise<number> {
  const begun = performance.now()
  world = await build()
  if (plain) console.log(`ospf-speaker demo: ${world.place}`)
  let went = false
  try {
    went = await tell(world, screen)
  } finally {
    await world[Symbol.asyncDispose]()
  }
  panel?.close()
  const took = `${((performance.now() - begun) / 1000).toFixed(0)} s`
  console.log(went ? `✔ done in ${took}; nothing is left behind` : `✘ failed after ${took}`)
  return went ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
