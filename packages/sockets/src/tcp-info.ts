import type { TcpInfo } from '@tapwire/stack'
import {
  TCP_CA_CWR,
  TCP_CA_Disorder,
  TCP_CA_Loss,
  TCP_CA_Open,
  TCP_CA_Recovery,
  TCPI_OPT_ECN,
  TCPI_OPT_ECN_SEEN,
  TCPI_OPT_SACK,
  TCPI_OPT_SYN_DATA,
  TCPI_OPT_TIMESTAMPS,
  TCPI_OPT_WSCALE,
} from './constants.ts'

/**
 * `struct tcp_info` with Linux's field names and units: times in µs (`tcpi_last_*` in ms), windows and what is in flight in
 * segments, rates in bytes a second.
 */
export interface TcpInfoStruct {
  readonly tcpi_state: number
  readonly tcpi_ca_state: number
  readonly tcpi_retransmits: number
  readonly tcpi_probes: number
  readonly tcpi_backoff: number
  readonly tcpi_options: number
  readonly tcpi_snd_wscale: number
  readonly tcpi_rcv_wscale: number
  readonly tcpi_delivery_rate_app_limited: number
  readonly tcpi_fastopen_client_fail: number
  readonly tcpi_rto: number
  readonly tcpi_ato: number
  readonly tcpi_snd_mss: number
  readonly tcpi_rcv_mss: number
  readonly tcpi_unacked: number
  readonly tcpi_sacked: number
  readonly tcpi_lost: number
  readonly tcpi_retrans: number
  /** Always 0, as since Linux 4.15. */
  readonly tcpi_fackets: number
  readonly tcpi_last_data_sent: number
  readonly tcpi_last_ack_sent: number
  readonly tcpi_last_data_recv: number
  readonly tcpi_last_ack_recv: number
  readonly tcpi_pmtu: number
  readonly tcpi_rcv_ssthresh: number
  readonly tcpi_rtt: number
  readonly tcpi_rttvar: number
  readonly tcpi_snd_ssthresh: number
  readonly tcpi_snd_cwnd: number
  readonly tcpi_advmss: number
  readonly tcpi_reordering: number
  readonly tcpi_rcv_rtt: number
  readonly tcpi_rcv_space: number
  readonly tcpi_total_retrans: number
  readonly tcpi_pacing_rate: number
  readonly tcpi_max_pacing_rate: number
  readonly tcpi_bytes_acked: number
  readonly tcpi_bytes_received: number
  readonly tcpi_segs_out: number
  readonly tcpi_segs_in: number
  readonly tcpi_notsent_bytes: number
  readonly tcpi_min_rtt: number
  readonly tcpi_data_segs_in: number
  readonly tcpi_data_segs_out: number
  readonly tcpi_delivery_rate: number
  readonly tcpi_busy_time: number
  readonly tcpi_rwnd_limited: number
  readonly tcpi_sndbuf_limited: number
  readonly tcpi_delivered: number
  readonly tcpi_delivered_ce: number
  readonly tcpi_bytes_sent: number
  readonly tcpi_bytes_retrans: number
  readonly tcpi_dsack_dups: number
  readonly tcpi_reord_seen: number
  readonly tcpi_rcv_ooopack: number
  readonly tcpi_snd_wnd: number
  readonly tcpi_rcv_wnd: number
  readonly tcpi_rehash: number
  readonly tcpi_total_rto: number
  readonly tcpi_total_rto_recoveries: number
  readonly tcpi_total_rto_time: number
}

const CA_STATES = {
  open: TCP_CA_Open,
  disorder: TCP_CA_Disorder,
  cwr: TCP_CA_CWR,
  recovery: TCP_CA_Recovery,
  loss: TCP_CA_Loss,
} as const

const FAST_OPEN_FAILURES = { cookieUnavailable: 1, dataNotAcked: 2, synRetransmitted: 3 } as const

/** TCP_INFINITE_SSTHRESH, and an unlimited rate: all bits, as a double has them. */
const INFINITE_SSTHRESH = 0x7fff_ffff
const UNLIMITED = 2 ** 64
/** Before any sample of the smallest round trip. */
const NO_MIN_RTT = 0xffff_ffff

const micros = (milliseconds: number): number => Math.round(milliseconds * 1000)

/**
 * @param state `tcpi_state`, which the socket knows better than its connection
 * @param reordering the least that `tcpi_reordering` can be: the stack's duplicateThreshold
 */
export function tcpInfoStruct(info: TcpInfo, state: number, reordering: number): TcpInfoStruct {
  // Linux counts segments; full ones here, and a part as one.
  const mss = Math.max(1, info.segmentSize)
  const segments = (bytes: number): number => Math.ceil(bytes / mss)
  return {
    tcpi_state: state,
    tcpi_ca_state: CA_STATES[info.congestionState],
    tcpi_retransmits: info.timeouts,
    tcpi_probes: info.probes,
    tcpi_backoff: info.backoff,
    tcpi_options: optionBits(info),
    tcpi_snd_wscale: info.sndWscale,
    tcpi_rcv_wscale: info.rcvWscale,
    tcpi_delivery_rate_app_limited: info.deliveryRateAppLimited ? 1 : 0,
    tcpi_fastopen_client_fail: info.fastOpenFailure === null ? 0 : FAST_OPEN_FAILURES[info.fastOpenFailure],
    tcpi_rto: micros(info.rto),
    tcpi_ato: micros(info.ackTimeout),
    tcpi_snd_mss: mss,
    tcpi_rcv_mss: info.rcvMss,
    tcpi_unacked: info.unackedSegments,
    tcpi_sacked: info.sackedSegments,
    tcpi_lost: info.lostSegments,
    tcpi_retrans: info.retransmittingSegments,
    tcpi_fackets: 0,
    tcpi_last_data_sent: Math.floor(info.sinceSent),
    tcpi_last_ack_sent: 0,
    tcpi_last_data_recv: Math.floor(info.sinceData),
    tcpi_last_ack_recv: Math.floor(info.sinceReceived),
    tcpi_pmtu: info.pathMtu,
    tcpi_rcv_ssthresh: info.rcvBuffer,
    tcpi_rtt: micros(info.srtt),
    tcpi_rttvar: micros(info.rttvar),
    tcpi_snd_ssthresh: info.ssthresh >= 0x3fff_ffff ? INFINITE_SSTHRESH : Math.floor(info.ssthresh / mss),
    tcpi_snd_cwnd: Math.floor(info.cwnd / mss),
    tcpi_advmss: info.advertisedMss - (info.timestamps ? 12 : 0),
    tcpi_reordering: Math.max(reordering, segments(info.reorderingDistance)),
    tcpi_rcv_rtt: micros(info.rcvRtt),
    tcpi_rcv_space: info.rcvSpace,
    tcpi_total_retrans: info.retransmits,
    tcpi_pacing_rate: Number.isFinite(info.pacingRate) ? Math.floor(info.pacingRate) : UNLIMITED,
    tcpi_max_pacing_rate: UNLIMITED,
    tcpi_bytes_acked: info.bytesAcked,
    tcpi_bytes_received: info.bytesReceived,
    tcpi_segs_out: info.segmentsOut,
    tcpi_segs_in: info.segmentsIn,
    tcpi_notsent_bytes: info.unsent,
    tcpi_min_rtt: info.minRtt > 0 ? micros(info.minRtt) : NO_MIN_RTT,
    tcpi_data_segs_in: info.dataSegmentsIn,
    tcpi_data_segs_out: info.dataSegmentsOut,
    tcpi_delivery_rate: Math.floor(info.deliveryRate),
    tcpi_busy_time: micros(info.busyTime),
    tcpi_rwnd_limited: micros(info.windowLimitedTime),
    tcpi_sndbuf_limited: micros(info.bufferLimitedTime),
    tcpi_delivered: segments(info.delivered),
    tcpi_delivered_ce: segments(info.deliveredCe),
    tcpi_bytes_sent: info.bytesSent,
    tcpi_bytes_retrans: info.bytesRetransmitted,
    tcpi_dsack_dups: info.dsacksIn,
    tcpi_reord_seen: info.reorderedOut,
    tcpi_rcv_ooopack: info.outOfOrderIn,
    tcpi_snd_wnd: info.sndWnd,
    tcpi_rcv_wnd: info.rcvWnd,
    tcpi_rehash: 0,
    tcpi_total_rto: info.totalTimeouts,
    tcpi_total_rto_recoveries: info.timeoutRows,
    tcpi_total_rto_time: Math.floor(info.timeoutTime),
  }
}

function optionBits(info: TcpInfo): number {
  return (
    (info.timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
    (info.sackPermitted ? TCPI_OPT_SACK : 0) |
    (info.windowScaling ? TCPI_OPT_WSCALE : 0) |
    (info.ecn ? TCPI_OPT_ECN : 0) |
    (info.ecnSeen ? TCPI_OPT_ECN_SEEN : 0) |
    (info.fastOpen ? TCPI_OPT_SYN_DATA : 0)
  )
}

/** A socket without a connection. */
export const EMPTY_TCP_INFO: TcpInfoStruct = {
  tcpi_state: 0,
  tcpi_ca_state: 0,
  tcpi_retransmits: 0,
  tcpi_probes: 0,
  tcpi_backoff: 0,
  tcpi_options: 0,
  tcpi_snd_wscale: 0,
  tcpi_rcv_wscale: 0,
  tcpi_delivery_rate_app_limited: 0,
  tcpi_fastopen_client_fail: 0,
  tcpi_rto: 0,
  tcpi_ato: 0,
  tcpi_snd_mss: 0,
  tcpi_rcv_mss: 0,
  tcpi_unacked: 0,
  tcpi_sacked: 0,
  tcpi_lost: 0,
  tcpi_retrans: 0,
  tcpi_fackets: 0,
  tcpi_last_data_sent: 0,
  tcpi_last_ack_sent: 0,
  tcpi_last_data_recv: 0,
  tcpi_last_ack_recv: 0,
  tcpi_pmtu: 0,
  tcpi_rcv_ssthresh: 0,
  tcpi_rtt: 0,
  tcpi_rttvar: 0,
  tcpi_snd_ssthresh: 0,
  tcpi_snd_cwnd: 0,
  tcpi_advmss: 0,
  tcpi_reordering: 0,
  tcpi_rcv_rtt: 0,
  tcpi_rcv_space: 0,
  tcpi_total_retrans: 0,
  tcpi_pacing_rate: 0,
  tcpi_max_pacing_rate: 0,
  tcpi_bytes_acked: 0,
  tcpi_bytes_received: 0,
  tcpi_segs_out: 0,
  tcpi_segs_in: 0,
  tcpi_notsent_bytes: 0,
  tcpi_min_rtt: 0,
  tcpi_data_segs_in: 0,
  tcpi_data_segs_out: 0,
  tcpi_delivery_rate: 0,
  tcpi_busy_time: 0,
  tcpi_rwnd_limited: 0,
  tcpi_sndbuf_limited: 0,
  tcpi_delivered: 0,
  tcpi_delivered_ce: 0,
  tcpi_bytes_sent: 0,
  tcpi_bytes_retrans: 0,
  tcpi_dsack_dups: 0,
  tcpi_reord_seen: 0,
  tcpi_rcv_ooopack: 0,
  tcpi_snd_wnd: 0,
  tcpi_rcv_wnd: 0,
  tcpi_rehash: 0,
  tcpi_total_rto: 0,
  tcpi_total_rto_recoveries: 0,
  tcpi_total_rto_time: 0,
}
