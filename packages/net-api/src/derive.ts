/** The body of a constructor: it is given the instance. */
export type Init<T> = (instance: T, ...args: unknown[]) => void

/**
 * A constructor whose instances have `Base`'s methods, made as Node makes its own: a function that also works without
 * `new` (NM-14), through `Class.call(this)` of old style inheritance, and as the base of a class.
 */
export function derive<T extends object>(
  Base: { prototype: T },
  Parent: object,
  name: string,
  init: Init<T>,
): new (
  ...args: unknown[]
) => T {
  function Class(this: T | undefined, ...args: unknown[]): unknown {
    if (!(this instanceof Class)) return Reflect.construct(Class, args)
    init(this as T, ...args)
    return undefined
  }
  Object.defineProperty(Class, 'name', { value: name })
  Class.prototype = Object.create(Base.prototype, {
    constructor: { value: Class, writable: true, configurable: true },
  })
  Object.setPrototypeOf(Class, Parent)
  return Class as unknown as new (
    ...args: unknown[]
  ) => T
}
