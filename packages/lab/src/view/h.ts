type Child = Node | string | number | null | undefined | false
type Listeners = { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void }

/** Attributes as in HTML: false and null leave one out, true gives it without a value. `on` holds listeners. */
export type Attributes = {
  readonly [name: string]: string | number | boolean | null | undefined | Listeners
  readonly on?: Listeners
}

/** Makes an element. There is no inline style: the page's Content-Security-Policy would refuse it. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  setAttributes(element, attributes)
  addChildren(element, children)
  return element
}

/** The same for SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  setAttributes(element, attributes)
  addChildren(element, children)
  return element
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue
    if (typeof value === 'object') {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener as EventListener)
      }
    } else {
      element.setAttribute(name, value === true ? '' : String(value))
    }
  }
}

function addChildren(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    element.append(typeof child === 'number' ? String(child) : child)
  }
}

/** Puts other children in the place of those that are there. */
export function refill(element: Element, ...children: readonly Child[]): void {
  element.textContent = ''
  addChildren(element, children)
}

/** Sets the text only where it differs, so that nothing is laid out again for nothing. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}
