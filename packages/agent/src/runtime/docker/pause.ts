/**
 * The program of every sandbox: ignores SIGCHLD, so that orphans of a shared process namespace are reaped, then waits for
 * SIGTERM or SIGINT and ends. As pid 1 it would never be sent a signal that it neither handles nor blocks; it blocks these
 * two and takes them from the queue, which needs no handler. A static ELF of our own needs no registry and no compiler on
 * the user's machine.
 *
 * x86-64:                                    arm64:
 *   push 0           ; sa_mask                 mov x9, #1
 *   push 0           ; sa_restorer             stp xzr, xzr, [sp, #-16]!  ; sa_restorer, sa_mask
 *   push 0           ; sa_flags                stp x9, xzr, [sp, #-16]!   ; SIG_IGN, sa_flags
 *   push 1           ; SIG_IGN                 mov x0, #17                ; SIGCHLD
 *   mov eax, 13      ; rt_sigaction            mov x1, sp
 *   mov edi, 17      ; SIGCHLD                 mov x2, xzr
 *   mov rsi, rsp                               mov x3, #8
 *   xor edx, edx                               mov x8, #134               ; rt_sigaction
 *   mov r10d, 8                                svc #0
 *   syscall                                    mov x9, #0x4002            ; SIGTERM, SIGINT
 *   push 0x4002      ; SIGTERM, SIGINT         stp x9, xzr, [sp, #-16]!
 *   mov eax, 14      ; rt_sigprocmask          mov x0, xzr                ; SIG_BLOCK
 *   xor edi, edi     ; SIG_BLOCK               mov x1, sp
 *   mov rsi, rsp                               mov x8, #135               ; rt_sigprocmask
 *   syscall                                    svc #0
 * again:                                     again:
 *   mov eax, 128     ; rt_sigtimedwait         mov x0, sp
 *   mov rdi, rsp                               mov x1, xzr
 *   xor esi, esi                               mov x8, #137               ; rt_sigtimedwait
 *   syscall                                    svc #0
 *   test eax, eax                              tbnz w0, #31, again        ; interrupted
 *   js again         ; interrupted             mov x0, xzr
 *   mov eax, 231     ; exit_group              mov x8, #94                ; exit_group
 *   xor edi, edi                               svc #0
 *   syscall
 */

export type Architecture = 'amd64' | 'arm64'

const CODE: Readonly<Record<Architecture, string>> = {
  amd64:
    '6a006a006a006a01b80d000000bf110000004889e631d241ba080000000f056802400000b80e00000031ff4889e60f05b8800000004889e731f60f0585c078f0b8e700000031ff0f05',
  arm64:
    '290080d2ff7fbfa9e97fbfa9200280d2e1030091e2031faa030180d2c81080d2010000d4490088d2e97fbfa9e0031faae1030091e81080d2010000d4e0030091e1031faa281180d2010000d480ffff37e0031faac80b80d2010000d4',
}

const ELF_MACHINE: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 }
const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const LOAD_ADDRESS = 0x400000n

/** The executable file: an ELF header, one loadable segment, the code. */
export function pauseProgram(architecture: Architecture): Buffer {
  const code = Buffer.from(CODE[architecture], 'hex')
  const codeOffset = HEADER_BYTES + PROGRAM_HEADER_BYTES
  const file = Buffer.alloc(codeOffset + code.length)
  writeElfHeader(file, ELF_MACHINE[architecture], LOAD_ADDRESS + BigInt(codeOffset))
  writeSegment(file, BigInt(file.length))
  code.copy(file, codeOffset)
  return file
}

function writeElfHeader(file: Buffer, machine: number, entry: bigint): void {
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machine, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(entry, 24)
  file.writeBigUInt64LE(BigInt(HEADER_BYTES), 32)
  file.writeUInt16LE(HEADER_BYTES, 52)
  file.writeUInt16LE(PROGRAM_HEADER_BYTES, 54)
  file.writeUInt16LE(1, 56)
}

/** PT_LOAD, readable and executable, the whole file. The alignment suits kernels with pages of 64 KiB too. */
function writeSegment(file: Buffer, size: bigint): void {
  file.writeUInt32LE(1, HEADER_BYTES)
  file.writeUInt32LE(5, HEADER_BYTES + 4)
  file.writeBigUInt64LE(LOAD_ADDRESS, HEADER_BYTES + 16)
  file.writeBigUInt64LE(LOAD_ADDRESS, HEADER_BYTES + 24)
  file.writeBigUInt64LE(size, HEADER_BYTES + 32)
  file.writeBigUInt64LE(size, HEADER_BYTES + 40)
  file.writeBigUInt64LE(0x10000n, HEADER_BYTES + 48)
}
