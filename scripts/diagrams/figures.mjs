/**
 * The diagrams of docs/how-it-works.md. Each has lanes (layers), and in a lane boxes, each with a name of the code and the file it
 * stands in, below packages. `up`: the first lane is the lowest. `flow`: an arrow leads from each box to the next.
 */
export const FIGURES = [
  {
    name: 'layers',
    title: 'The layers, and what stands in each',
    flow: false,
    lanes: [
      [
        'net-api',
        [
          ['createNet', 'net-api/src/create-net.ts'],
          ['Socket', 'net-api/src/socket.ts'],
          ['TcpHandle', 'net-api/src/tcp-handle.ts'],
          ['createDgram', 'net-api/src/dgram/create-dgram.ts'],
        ],
      ],
      [
        'tcp, udp, icmp',
        [
          ['Tcp', 'stack/src/tcp/tcp.ts'],
          ['Tcb', 'stack/src/tcp/tcb.ts'],
          ['Udp', 'stack/src/udp/udp.ts'],
          ['Icmp', 'stack/src/icmp/icmp.ts'],
        ],
      ],
      [
        'ip, ipv4, ipv6',
        [
          ['Internet', 'stack/src/ip/internet.ts'],
          ['Ipv4', 'stack/src/ipv4/ipv4.ts'],
          ['Ipv6', 'stack/src/ipv6/ipv6.ts'],
          ['Router', 'stack/src/ip/router.ts'],
          ['Reassembler', 'stack/src/ip/reassembly.ts'],
        ],
      ],
      [
        'ethernet',
        [
          ['EthernetLink', 'stack/src/ethernet/ethernet-link.ts'],
          ['Resolver', 'stack/src/ethernet/resolver.ts'],
          ['Arp', 'stack/src/ethernet/arp.ts'],
          ['Ndp', 'stack/src/ethernet/ndp.ts'],
        ],
      ],
      [
        'link',
        [
          ['LinkDevice', 'stack/src/link/device.ts'],
          ['createCable', 'stack/src/link/cable.ts'],
          ['impair', 'stack/src/link/impair.ts'],
          ['capture', 'stack/src/link/capture.ts'],
          ['TapDevice', 'tap-driver/src/tap-device.ts'],
        ],
      ],
      [
        'core',
        [
          ['Memory', 'stack/src/core/memory.ts'],
          ['Engine', 'stack/src/core/engine.ts'],
          ['TimerQueue', 'stack/src/core/timer.ts'],
          ['Clock', 'stack/src/core/clock.ts'],
        ],
      ],
    ],
  },
  {
    name: 'way-in',
    title: 'The way of a byte in, from the TAP to the program',
    flow: true,
    up: true,
    lanes: [
      [
        'tap-driver',
        [
          ['TapDevice.#drain', 'tap-driver/src/tap-device.ts'],
          ['FrameReader.drain', 'tap-driver/src/frame-reader.ts'],
        ],
      ],
      [
        'ethernet',
        [
          ['Interface.onFrame', 'stack/src/ip/interface.ts'],
          ['EthernetLink.onFrame', 'stack/src/ethernet/ethernet-link.ts'],
        ],
      ],
      [
        'ip',
        [
          ['Internet.onIpPacket', 'stack/src/ip/internet.ts'],
          ['Ipv4.onPacket', 'stack/src/ipv4/ipv4.ts'],
          ['Internet.deliver', 'stack/src/ip/internet.ts'],
        ],
      ],
      [
        'tcp',
        [
          ['Tcp.onPacket', 'stack/src/tcp/tcp.ts'],
          ['arrive', 'stack/src/tcp/input.ts'],
          ['receiveText', 'stack/src/tcp/receiver.ts'],
          ['ByteRing', 'stack/src/tcp/byte-ring.ts'],
        ],
      ],
      [
        'end of the burst',
        [
          ['Interface.onBurstEnd', 'stack/src/ip/interface.ts'],
          ['Tcp.onBurstEnd', 'stack/src/tcp/tcp.ts'],
          ['dispatchEvents', 'stack/src/tcp/notify.ts'],
        ],
      ],
      [
        'net-api',
        [
          ['TcpHandle.onReadable', 'net-api/src/tcp-handle.ts'],
          ['Connection.read', 'stack/src/tcp/connection.ts'],
          ['Socket.onHandleRead', 'net-api/src/socket.ts'],
        ],
      ],
    ],
  },
  {
    name: 'way-out',
    title: 'The way of a byte out, from the program to the TAP',
    flow: true,
    lanes: [
      [
        'net-api',
        [
          ['Socket._write', 'net-api/src/socket.ts'],
          ['TcpHandle.write', 'net-api/src/tcp-handle.ts'],
        ],
      ],
      [
        'tcp',
        [
          ['Connection.write', 'stack/src/tcp/connection.ts'],
          ['wantOutput', 'stack/src/tcp/wants.ts'],
          ['Tcp.onBurstEnd', 'stack/src/tcp/tcp.ts'],
          ['output', 'stack/src/tcp/sender.ts'],
        ],
      ],
      [
        'tcp',
        [
          ['emit', 'stack/src/tcp/output.ts'],
          ['sendSegment', 'stack/src/tcp/segment-out.ts'],
        ],
      ],
      [
        'ip',
        [
          ['Internet.send', 'stack/src/ip/internet.ts'],
          ['Ipv4Output.send', 'stack/src/ipv4/output.ts'],
        ],
      ],
      [
        'ethernet',
        [
          ['EthernetLink.send', 'stack/src/ethernet/ethernet-link.ts'],
          ['FrameOutput', 'stack/src/ethernet/frame-output.ts'],
        ],
      ],
      [
        'tap-driver',
        [
          ['TapDevice.transmit', 'tap-driver/src/tap-device.ts'],
          ['FrameWriter.write', 'tap-driver/src/frame-writer.ts'],
        ],
      ],
    ],
  },
  {
    name: 'segment',
    title: 'SEGMENT ARRIVES: what a segment of a connection goes through',
    flow: true,
    lanes: [
      [
        'is it for us?',
        [
          ['FourTupleTable', 'stack/src/tcp/four-tuple-table.ts'],
          ['checkSegment', 'stack/src/tcp/segment-check.ts'],
        ],
      ],
      [
        'its ACK',
        [
          ['processAck', 'stack/src/tcp/ack.ts'],
          ['applySack', 'stack/src/tcp/scoreboard.ts'],
          ['sampleRtt', 'stack/src/tcp/rtt.ts'],
          ['detectLoss', 'stack/src/tcp/rack.ts'],
        ],
      ],
      [
        'its text',
        [
          ['receiveText', 'stack/src/tcp/receiver.ts'],
          ['SeqRanges', 'stack/src/tcp/ranges.ts'],
          ['ackData', 'stack/src/tcp/delayed-ack.ts'],
          ['finReceived', 'stack/src/tcp/receiver.ts'],
        ],
      ],
      [
        'what it leads to',
        [
          ['notify', 'stack/src/tcp/wants.ts'],
          ['wantAck', 'stack/src/tcp/wants.ts'],
          ['wantOutput', 'stack/src/tcp/wants.ts'],
        ],
      ],
    ],
  },
  {
    name: 'loss',
    title: 'How a loss is noticed, and what becomes of it',
    flow: false,
    lanes: [
      [
        'what is in flight',
        [
          ['SentLog', 'stack/src/tcp/sent-log.ts'],
          ['SentRecord', 'stack/src/tcp/sent-record.ts'],
          ['pipe', 'stack/src/tcp/pipe.ts'],
        ],
      ],
      [
        'who notices',
        [
          ['detectLoss', 'stack/src/tcp/rack.ts'],
          ['onReorderTimeout', 'stack/src/tcp/recovery.ts'],
          ['onProbeTimeout', 'stack/src/tcp/tlp.ts'],
          ['expireTcb', 'stack/src/tcp/expiry.ts'],
        ],
      ],
      [
        'who slows down',
        [
          ['startPrr', 'stack/src/tcp/prr.ts'],
          ['NewReno', 'stack/src/tcp/congestion/new-reno.ts'],
          ['Cubic', 'stack/src/tcp/congestion/cubic.ts'],
          ['Bbr', 'stack/src/tcp/congestion/bbr/bbr.ts'],
        ],
      ],
      [
        'who sends again',
        [
          ['sendLost', 'stack/src/tcp/sender.ts'],
          ['retransmit', 'stack/src/tcp/sender.ts'],
        ],
      ],
      [
        'who takes it back',
        [
          ['isTimeoutSpurious', 'stack/src/tcp/f-rto.ts'],
          ['provenByEcho', 'stack/src/tcp/undo.ts'],
          ['provenByDsack', 'stack/src/tcp/undo.ts'],
          ['undo', 'stack/src/tcp/undo.ts'],
        ],
      ],
    ],
  },
]
