import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // More than there are cores: most tests wait for real hosts, real leases and real programs for half of their time.
    maxWorkers: 3,
    reporters: ['default'],
  },
})
