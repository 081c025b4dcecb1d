/** Opens IPVS and prints what comes of it: the version, or the code and the words of the error. */
import { OspfError } from '../../lib/errors.ts'
import { Ipvs } from '../../lib/lvs/ipvs.ts'

try {
  const ipvs = await Ipvs.open()
  console.log((await ipvs.info()).version)
  await ipvs.close()
} catch (error) {
  if (!(error instanceof OspfError)) throw error
  console.log(`${error.code} ${error.message}`)
}
