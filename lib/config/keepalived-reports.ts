/** What is said about a configuration while it is read. */
import type {
  KeepalivedNotice,
  KeepalivedPlace,
  KeepalivedReport,
  KeepalivedReportKind,
} from './keepalived-types.ts'

/** Ends the reading: nothing is taken over. The report has been made. */
export class Refused extends Error {}

/** More would help nobody. */
const mostReports = 1000

export class Reports {
  readonly reports: KeepalivedReport[] = []
  readonly notices: KeepalivedNotice[] = []
  #place: KeepalivedPlace | undefined

  /** Where the reader is. */
  at(place: KeepalivedPlace | undefined): void {
    this.#place = place
  }

  get place(): KeepalivedPlace {
    return this.#place ?? { file: '', line: 0 }
  }

  report(
    kind: KeepalivedReportKind,
    message: string,
    place: KeepalivedPlace | undefined = this.#place,
  ): void {
    if (this.reports.length >= mostReports) this.refuse(`more than ${mostReports} faults`)
    this.reports.push({ kind, message, ...place })
  }

  /** A limit was met, or what follows makes no sense. @throws Refused */
  refuse(message: string, kind: KeepalivedReportKind = 'limit'): never {
    this.reports.push({ kind, message, ...this.#place })
    throw new Refused(message)
  }

  /** A statement that changes nothing here. */
  notice(keyword: string, reason: string): void {
    if (this.notices.length < mostReports) this.notices.push({ ...this.place, keyword, reason })
  }
}
