/**
 * Replaces `$(NAME)` by what `lookup` says; what it doesn't know stays as it is, and `$$` is a literal `$`
 * (Kubernetes' own syntax, which knows no nesting).
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (reference, name: string | undefined) => {
    if (name === undefined) return '$'
    return lookup(name) ?? reference
  })
}
