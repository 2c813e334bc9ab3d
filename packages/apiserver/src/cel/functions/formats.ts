import { type Environment, Optional } from '@marcbachmann/cel-js'
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '@skiff/api'

type Check = (text: string) => readonly string[]

class CelFormat {
  readonly check: Check
  constructor(check: Check) {
    this.check = check
  }
}

const withoutDash: (check: Check) => Check = (check) => (text) => check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)
const shaped =
  (form: RegExp, problem: string): Check =>
  (text) =>
    form.test(text) ? [] : [problem]

const FORMATS: Readonly<Record<string, Check>> = {
  dns1123Label: dnsLabelProblems,
  dns1123Subdomain: dnsSubdomainProblems,
  dns1035Label: dns1035LabelProblems,
  dns1123LabelPrefix: withoutDash(dnsLabelProblems),
  dns1123SubdomainPrefix: withoutDash(dnsSubdomainProblems),
  dns1035LabelPrefix: withoutDash(dns1035LabelProblems),
  qualifiedName: qualifiedNameProblems,
  labelValue: labelValueProblems,
  uri: (text) => (URL.canParse(text) || /^\/\S*$/.test(text) ? [] : [`parse "${text}": invalid URI for request`]),
  uuid: shaped(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, 'does not match the UUID format'),
  byte: shaped(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'),
  date: (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid date']),
  datetime: (text) =>
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ['invalid datetime'],
}

/** `format.dns1123Label().validate(text)`, `format.named('uuid')`. */
export function registerFormats(environment: Environment): void {
  class FormatNamespace {}
  environment
    .registerType('kubernetes.NamedFormat', CelFormat)
    .registerType('FormatNamespace', FormatNamespace)
    .registerConstant('format', 'FormatNamespace', new FormatNamespace())
    .registerFunction('FormatNamespace.named(string): optional<kubernetes.NamedFormat>', (_: unknown, name: string) => {
      const check = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined
      return check === undefined ? Optional.none() : Optional.of(new CelFormat(check))
    })
    .registerFunction('kubernetes.NamedFormat.validate(string): optional<list<string>>', ({ check }: CelFormat, text: string) => {
      const problems = check(text)
      return problems.length === 0 ? Optional.none() : Optional.of([...problems])
    })
  for (const [name, check] of Object.entries(FORMATS)) {
    const format = new CelFormat(check)
    environment.registerFunction(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => format)
  }
}
