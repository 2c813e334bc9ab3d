/** The server's Table as rows of text. */

export interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[]
  readonly rows: readonly {
    readonly cells: readonly unknown[]
    readonly object: { readonly metadata: { readonly namespace?: string } }
  }[]
}

/** Columns of a priority above 0 are for `wide`. */
export function tableRows(
  table: Table,
  { wide, withNamespace }: { readonly wide: boolean; readonly withNamespace: boolean },
): string[][] {
  const shown = table.columnDefinitions.map((column) => wide || column.priority === 0)
  const pick = (cells: readonly unknown[]) => cells.filter((_, i) => shown[i]).map((cell) => String(cell ?? ''))
  const header = pick(table.columnDefinitions.map((column) => column.name.toUpperCase()))
  return [
    withNamespace ? ['NAMESPACE', ...header] : header,
    ...table.rows.map((row) => (withNamespace ? [row.object.metadata.namespace ?? '', ...pick(row.cells)] : pick(row.cells))),
  ]
}
