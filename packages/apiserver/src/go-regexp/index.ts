export { GoRegExp } from './go-regexp.ts'
export { RegExpSyntaxError } from './syntax.ts'
