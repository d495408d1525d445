import { type Cell, lossOf, mtuOf, productOf, queueOf, secondsOf, segmentOf } from './matrix-cells.ts'

/** What theory says of a cell, in Mbit/s of payload. Windows are in segments. */
export function model(cell: Cell): number {
  const loss = lossOf(cell)
  if (loss > 0 && cell.algorithm !== 'bbr')
    return Math.min(linkRate(cell), windowRate(cell, responseWindow(cell, loss)))
  return ((rounds(cell) * segmentOf(cell) * 8) / secondsOf(cell) / 1e6) * (1 - loss)
}

/** The link's rate without headers. */
function linkRate(cell: Cell): number {
  return (cell.bandwidth * segmentOf(cell)) / mtuOf(cell)
}

function windowRate(cell: Cell, window: number): number {
  return (window * segmentOf(cell) * 8) / (cell.rtt / 1000) / 1e6
}

/**
 * The average window at a random loss. NewReno: sqrt(3/2p) (Mathis et al. 1997; without their factor for delayed ACKs, as the
 * window grows by bytes and not by ACKs). CUBIC: RFC 9438 section 5.1 with C = 0.4, or Reno's where that is more (section
 * 4.3).
 */
function responseWindow(cell: Cell, loss: number): number {
  const reno = Math.sqrt(1.5 / loss)
  return cell.algorithm === 'newreno' ? reno : Math.max(reno, 1.054 * (cell.rtt / 1000 / loss) ** 0.75)
}

/** HyStart++ notices a rise of the round-trip time by an eighth, within these bounds (RFC 9406), and waits five rounds. */
const RISE = [0.004, 0.016] as const
const CSS_ROUNDS = 5

/**
 * A link without random loss, round trip by round trip, as a fluid: slow start from ten segments, then Reno's or CUBIC's
 * congestion avoidance; whenever the window is more than link and queue hold, the reduction.
 * @returns segments delivered in the cell's time
 */
function rounds(cell: Cell): number {
  const { algorithm } = cell
  const rtt = cell.rtt / 1000
  const end = secondsOf(cell)
  const product = productOf(cell) / mtuOf(cell)
  const queue = queueOf(cell) / mtuOf(cell)
  const most = product + queue
  const rate = product / rtt
  const curve = new Curve(algorithm === 'newreno' ? 0.5 : 0.7)
  let window = 10
  let delivered = 0
  let slow = true
  let css = 0
  // The handshake, and half a round trip until the first data arrives.
  for (let now = 1.5 * rtt; now < end; ) {
    const took = Math.max(rtt, Math.min(window, most) / rate)
    delivered += Math.min(window, rate * took) * Math.min(1, (end - now) / took)
    now += took
    // BBR has found the link's rate then, and keeps to it whatever is lost.
    if (algorithm === 'bbr') window = Math.min(2 * window, product)
    else if (slow && window > Math.min(most, 2 * queue)) {
      // Nothing spreads a round's segments: they come twice as fast as they leave, so half of them have to wait. When that is
      // found out, what had arrived before has made the window larger.
      window = curve.reduce(Math.min(window + 2 * queue, 2 * most))
      slow = false
    } else if (window > most) window = curve.reduce(window)
    else if (slow) {
      const rise = Math.max(RISE[0], Math.min(RISE[1], rtt / 8))
      if (css > 0 || (algorithm === 'cubic' && took > rtt + rise)) css++
      window *= css > 0 ? 1.25 : 2
      if (css >= CSS_ROUNDS) slow = false
    } else window = algorithm === 'newreno' ? window + 1 : curve.next(window, took)
  }
  return delivered
}

/** CUBIC's window over time (RFC 9438 section 4.2), with the Reno-friendly one beside it. */
class Curve {
  readonly beta: number
  #plateau = 0
  #time = 0
  #k = -1
  #friendly = 0

  constructor(beta: number) {
    this.beta = beta
  }

  reduce(window: number): number {
    this.#plateau = window < this.#plateau ? (window * (1 + this.beta)) / 2 : window
    this.#k = -1
    return window * this.beta
  }

  next(window: number, took: number): number {
    if (this.#k < 0) {
      this.#plateau = Math.max(this.#plateau, window)
      this.#k = Math.cbrt((this.#plateau - window) / 0.4)
      this.#time = 0
      this.#friendly = window
    }
    this.#time += took
    this.#friendly += this.#friendly < this.#plateau ? (3 * (1 - this.beta)) / (1 + this.beta) : 1
    const cubic = 0.4 * (this.#time - this.#k) ** 3 + this.#plateau
    return Math.max(window, this.#friendly, Math.min(cubic, 1.5 * window))
  }
}
