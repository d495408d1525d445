export const USAGE = `usage: tapwire-packetdrill [options] <script.pkt or folder>...

Runs packetdrill scripts against a tapwire stack, in virtual time: no kernel, no device, no privileges.
Each script is told as PASS or FAIL; the status is 1 when one failed, 2 for a mistake on the command line.

Options of packetdrill (they win over a script's own lines):
  --ip_version=ipv4|ipv6|ipv4-mapped-ipv6   default ipv4
  --tolerance_usecs=N        how early or late an event may be; default 4000
  --mtu=N                    of the link; default 1500
  --strict_segments          segments that follow each other are not joined to the length expected
  --mss=N                    those that are joined must be multiples of N
  --tcp_ts_tick_usecs=N      check TSval, whose clock ticks every N microseconds in the script
  --define NAME[=VALUE], -D  for #ifdef and for calls; STANDARD is always defined
  --local_ip=A --remote_ip=A --bind_port=N --connect_port=N

Options of this runner:
  --exact                    no tolerance, and nothing may be sent that is not in the script
  --tcp=NAME=VALUE           a setting of the stack (TcpSettings), e.g. --tcp=quickAck=false
  --ignore-commands          go on where a \`command\` has no meaning here
  --lenient-psh  --lenient-window  --lenient-option-order  --lenient-wscale
                             do not check these of what the stack sends
  --pcap=FILE                write the run as pcapng; with several scripts a folder, one file each
  --repeat=N                 run everything N times, and fail unless output and packets are the same each time
  --verbose, -v              tell each event and each packet as it was sent, with its time
  --quiet                    tell failures and totals only
  --help

Examples:
  tapwire-packetdrill handshake.pkt
  tapwire-packetdrill --ip_version=ipv6 --pcap=run.pcapng handshake.pkt
  tapwire-packetdrill --lenient-psh --ignore-commands ~/scripts/
`
