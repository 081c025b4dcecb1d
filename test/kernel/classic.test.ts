/** The classic cluster from its files, with FRR and keepalived in any one of the roles, and traffic through IPVS. */
import { execFileSync } from 'node:child_process'
import { type VariantName, variants } from '../interop/classic-files.ts'
import { everyRole } from '../interop/classic-roles.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(400)

for (const name of Object.keys(variants) as VariantName[])
  inKernel(name, async (t) => {
    execFileSync('modprobe', ['ip_vs'])
    // Debian makes it at boot
    execFileSync('install', ['-d', '-o', 'frr', '-g', 'frr', '/run/frr'])
    await everyRole(t, name, { ipvs: true })
  })
