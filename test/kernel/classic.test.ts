/**
 * The classic cluster from its files, with traffic through IPVS: this library in every box, then FRR and keepalived as a
 * director, or FRR as the router. Both in both variants, but for IPVS: test/interop/classic-roles.test.ts.
 */
import { execFileSync } from 'node:child_process'
import { type VariantName, variants } from '../interop/classic-files.ts'
import { everyRole } from '../interop/classic-roles.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(500)

const swaps = { 'one subnet': 'director', 'two subnets': 'router' } as const

for (const name of Object.keys(variants) as VariantName[])
  inKernel(`${name}, FRR as the ${swaps[name]}`, async (t) => {
    execFileSync('modprobe', ['ip_vs'])
    // Debian makes it at boot
    execFileSync('install', ['-d', '-o', 'frr', '-g', 'frr', '/run/frr'])
    await everyRole(t, name, { ipvs: true, swap: swaps[name] })
  })
