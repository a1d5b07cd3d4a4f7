// Elements by the names that people and screen readers know them by. Part of every script that the browser tests run.
const squash = text => text.replace(/\s+/g, ' ').trim()

const isVisible = element => {
  const box = element.getBoundingClientRect()
  return element.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0
}

// The text that makes up a name: without what is hidden, decoration, and the values of fields inside a label.
const textOf = node => {
  if (node.nodeType === Node.TEXT_NODE) return node.data
  if (node.nodeType !== Node.ELEMENT_NODE) return ''
  if (node.matches('[aria-hidden=true], select, input, textarea, script, style, template') || !node.checkVisibility()) return ''
  if (node.matches('img')) return node.alt
  const text = [...node.childNodes].map(textOf).join('')
  return getComputedStyle(node).display === 'inline' ? text : ` ${text} `
}

const nameOf = element => {
  const ids = element.getAttribute('aria-labelledby')
  if (ids) return squash(ids.split(/\s+/).map(id => document.getElementById(id)?.textContent ?? '').join(' '))
  const label = element.getAttribute('aria-label')
  if (label) return squash(label)
  if (element.matches('input[type=submit], input[type=button]')) return squash(element.value)
  if (element.labels?.length) return squash([...element.labels].map(textOf).join(' '))
  return squash(textOf(element))
}

const KINDS = {
  button: 'button, summary, [role=button], input[type=submit], input[type=button]',
  link: 'a[href]',
  field: 'input:not([type=hidden]), select, textarea',
}

const find = (kind, value, within) => {
  // Behind a modal dialog nothing can be reached.
  const page = document.querySelector('dialog:modal') ?? document
  const roots = within ? [...document.querySelectorAll(within)].filter(isVisible).slice(0, 1) : [page]
  const all = selector => roots.flatMap(root => [...root.querySelectorAll(selector)]).filter(isVisible)
  if (kind === 'css') return (within ? roots.flatMap(root => [...root.querySelectorAll(value)]) : [...document.querySelectorAll(value)]).filter(isVisible)
  const named = all(KINDS[kind]).map(element => [element, nameOf(element)])
  const exact = named.filter(([, name]) => name === squash(value))
  // "Read-Only" also names the choice "Read-Only, with a line that explains it", where nothing is called just that.
  const chosen = exact.length ? exact : named.filter(([, name]) => name.startsWith(`${squash(value)} `))
  return chosen.map(([element]) => element)
}
