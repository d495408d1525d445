import { MILLISECOND } from '../core/timer.ts'
import { TCP_STATE_NAMES, type TcpInfo } from './api.ts'
import { pipe } from './pipe.ts'
import { receiveWindow } from './receive-window.ts'
import { currentRto } from './rtt.ts'
import type { Tcb } from './tcb.ts'

/** The figures of a connection, as `TcpInfo` describes them. */
export function tcpInfo(tcb: Tcb): TcpInfo {
  return {
    state: TCP_STATE_NAMES[tcb.state],
    srtt: tcb.srtt / MILLISECOND,
    rttvar: tcb.rttvar / MILLISECOND,
    rto: currentRto(tcb) / MILLISECOND,
    cwnd: tcb.cwnd,
    ssthresh: tcb.ssthresh,
    sndWnd: tcb.sndWnd,
    rcvWnd: receiveWindow(tcb),
    sndMss: tcb.sndMss,
    rcvMss: tcb.rcvMss,
    sndWscale: tcb.sndScale,
    rcvWscale: tcb.rcvScale,
    timestamps: tcb.timestamps,
    sackPermitted: tcb.sackPermitted,
    inFlight: pipe(tcb),
    unsent: tcb.unsent,
    bytesReceived: tcb.bytesReceived,
    bytesAcked: tcb.bytesAcked,
    segmentsIn: tcb.segmentsIn,
    segmentsOut: tcb.segmentsOut,
    retransmits: tcb.retransmits,
    congestion: tcb.congestion.name,
    ecn: tcb.ecn.on,
    pathMtu: tcb.path.mtu,
  }
}
