/**
 * Progress of a long load: on a terminal only, and only after half a second.
 *
 * The display is a spinner whose text carries the bar; it must leave standard input alone, which may be the data.
 */
import ora, { type Ora } from 'ora'
import colors from 'picocolors'

const DELAY_MS = 500
const BAR_CHARACTERS = 30

/** Counts entries, and bytes of the input where its size is known. */
export class Progress {
  private readonly start = performance.now()
  private spinner: Ora | undefined

  constructor(
    private readonly what: string,
    private readonly totalBytes: number | undefined,
  ) {}

  /** Tells how far the load is. */
  update(entries: number, bytes: number): void {
    // A terminal that does not know its width (a bare pseudo-terminal) would have ora clear lines without end.
    if (process.stderr.isTTY !== true || !(process.stderr.columns > 0)) return
    if (this.spinner === undefined) {
      if (performance.now() - this.start < DELAY_MS) return
      this.spinner = ora({ stream: process.stderr, discardStdin: false, color: colors.isColorSupported ? 'cyan' : false })
      this.spinner.start()
    }
    this.spinner.text = `${this.what}  ${this.bar(bytes)}${entries.toLocaleString('en')} entries`
    // The load keeps the thread busy, so the spinner's own timer rarely runs.
    this.spinner.render()
  }

  /** Takes the display away. */
  end(): void {
    this.spinner?.stop()
    this.spinner = undefined
  }

  private bar(bytes: number): string {
    if (this.totalBytes === undefined || this.totalBytes === 0) return ''
    const fraction = Math.min(1, bytes / this.totalBytes)
    const full = Math.round(fraction * BAR_CHARACTERS)
    return `${colors.cyan('━'.repeat(full))}${colors.dim('━'.repeat(BAR_CHARACTERS - full))} ${Math.floor(fraction * 100)} %  `
  }
}
