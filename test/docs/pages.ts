/** Reading the pages of docs/: sections, tables and fenced blocks, as far as the tests need Markdown. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
export const docs = join(root, 'docs')

export function readPage(name: string): string {
  return readFileSync(join(docs, name), 'utf8')
}

export function pageNames(): string[] {
  return readdirSync(docs)
    .filter(name => name.endsWith('.md'))
    .sort()
}

export function readSource(path: string): string {
  return readFileSync(join(root, 'src', path), 'utf8')
}

export interface Block {
  /** The word after the fence: `yaml`, `json`, ... */
  readonly language: string
  /** The other words after the fence. */
  readonly marks: readonly string[]
  readonly text: string
  /** Of the opening fence, 1-based: for messages. */
  readonly line: number
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: { head: string; line: number; lines: string[] } | undefined
  for (const [index, line] of page.split('\n').entries()) {
    if (!open && line.startsWith('```')) open = { head: line.slice(3).trim(), line: index + 1, lines: [] }
    else if (open && line === '```') {
      const [language = '', ...marks] = open.head.split(/\s+/)
      blocks.push({ language, marks, text: `${open.lines.join('\n')}\n`, line: open.line })
      open = undefined
    } else open?.lines.push(line)
  }
  if (open) throw new Error(`the block of line ${open.line} is never closed`)
  return blocks
}

export interface Section {
  readonly title: string
  readonly text: string
}

/** The parts under each heading of one level, up to the next heading of that level or a higher one. */
export function sectionsOf(page: string, level: number): Section[] {
  const sections: { title: string; lines: string[] }[] = []
  let current: { title: string; lines: string[] } | undefined
  let fenced = false
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced
    const heading = fenced ? null : /^(#+) (.+)$/.exec(line)
    if (heading?.[1] && heading[2] && heading[1].length <= level) {
      current = undefined
      if (heading[1].length === level) {
        current = { title: heading[2].replaceAll('`', ''), lines: [] }
        sections.push(current)
      }
    } else current?.lines.push(line)
  }
  return sections.map(({ title, lines }) => ({ title, text: lines.join('\n') }))
}

/** @throws Error when there is no such heading. */
export function sectionNamed(page: string, title: string): string {
  const found = [2, 3, 4].flatMap(level => sectionsOf(page, level)).find(section => section.title === title)
  if (!found) throw new Error(`no section "${title}"`)
  return found.text
}

/** The cells of the first table of a text, without its head. */
export function rowsOf(text: string): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex(line => /^\|[\s|:-]+\|$/.test(line))
  if (start < 0) return []
  const rows: string[][] = []
  for (const line of lines.slice(start + 1)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim().replaceAll('\\|', '|')),
    )
  }
  return rows
}

/** A cell that is one piece of code, without its back quotes. */
export function code(cell: string | undefined): string {
  return cell?.replace(/^`+ ?(.*?) ?`+$/, '$1') ?? ''
}
