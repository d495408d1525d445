import { toast } from '../view/toast.ts'
import { lessonAddress, runAddress } from './address.ts'
import type { Lab } from './lab.ts'

/** Keeps the page's address that of what is shown. */
export class AddressBar {
  private readonly lab: Lab
  private lesson: string | null = null

  constructor(lab: Lab) {
    this.lab = lab
    lab.onRunChanged = () => {
      this.lesson = null
      this.write(0)
    }
  }

  /** @param id of the lesson whose own run is shown */
  setLesson(id: string | null): void {
    this.lesson = id
    this.write(0)
  }

  /** The whole address; whoever opens it sees the same run. */
  write(time: number): string {
    const { scenario } = this.lab
    if (scenario !== null) {
      const hash = this.lesson === null ? runAddress(scenario, time) : lessonAddress(this.lesson)
      history.replaceState(null, '', hash)
    }
    return location.href
  }

  /** Copies it, with the cursor's time in it. */
  async share(): Promise<void> {
    // Its address holds the token that lets one look.
    if (this.lab.scenario === null) {
      toast('A live stack has no address that others could open: export what you have seen')
      return
    }
    const address = this.write(this.lab.state.cursor.time)
    try {
      await navigator.clipboard.writeText(address)
      toast('The address is in the clipboard: whoever opens it sees this run')
    } catch {
      toast('The address bar holds this run now: copy it from there')
    }
  }
}
