/** Sets what is not to be set. */
export function put<T, K extends keyof T>(target: T, field: K, value: T[K]): void {
  target[field] = value
}
