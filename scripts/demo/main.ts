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
const plain = !stdout.isTTY || env['TERM'] === 'dumb' || !!env['NO_COLOR'] || !!env['CI']

let world: World | undefined
const get = (): World | undefined => world
const panel = plain ? undefined : new Panel(get, stdout)
const screen = panel ?? new Lines(get, console.log)
// Whatever happens, the cursor comes back; the lab sees to its own removal when the process exits.
process.once('exit', () => panel?.close())
for (const [signal, status] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  process.on(signal, () => {
    panel?.close()
    console.error('demo: interrupted, removing everything')
    process.exit(status)
  })
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
    panel?.close()
    await world[Symbol.asyncDispose]()
  }
  const remains = world.remains()
  const took = `${((performance.now() - begun) / 1000).toFixed(0)} s`
  console.log(
    remains.length === 0 ? '✔ nothing is left behind' : `✘ not removed: ${remains.join(', ')}`,
  )
  console.log(went ? `every step went as it should, in ${took}` : `failed after ${took}`)
  return went && remains.length === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
