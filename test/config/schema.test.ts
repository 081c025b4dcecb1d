import { readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'
import { Ajv } from 'ajv'
import t from 'tap'
import { configSchema } from '../../lib/config/schema.ts'

const path = 'ospf-speaker.schema.json'
const text = `${JSON.stringify(configSchema, null, 2)}\n`

t.test('the published schema is that of the code', async (t) => {
  // UPDATE=1 node .build/test/config/schema.test.js writes it
  if (env['UPDATE'] !== undefined) writeFileSync(path, text)
  t.equal(readFileSync(path, 'utf8'), text)
})

t.test('the package exports it', async (t) => {
  const { exports, files } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, unknown>
    files: string[]
  }
  t.equal(exports['./schema.json'], `./${path}`)
  t.ok(files.includes(path))
})
t.test('it is a schema', async (t) => {
  const ajv = new Ajv({ allowUnionTypes: true })
  t.ok(ajv.validateSchema(configSchema), ajv.errorsText())
})
