export * from '../../../fuzz/src/arbitraries/fields.ts'
