export type { NetStack } from './context.ts'
export { createNet, type NetOptions, type TapwireNet } from './create-net.ts'
export { createHttp, type TapwireHttp } from './http.ts'
