export * from './aggregates';
