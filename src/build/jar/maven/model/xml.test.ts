import { describe, expect, it } from 'vitest';
import { child, children, parseXml, textOf } from './xml.ts';

describe('parseXml', () => {
  it('reads elements, texts, entities and CDATA, and leaves the rest out', () => {
    const root = parseXml(`<?xml version="1.0"?>
      <!DOCTYPE project [<!ENTITY x "y">]>
      <!-- <module>hidden</module> -->
      <project xmlns="http://maven.apache.org/POM/4.0.0" a='1 > 0'>
        <name> A &amp; B &#65;&#x42; &unknown; </name><empty/><x a="b"/>
        <text><![CDATA[<not a tag> & so on]]></text>
        <list><item>1</item><!-- <item>2</item> --><item>3</item></list>
      </project>`);
    expect(root?.name).toBe('project');
    expect(textOf(root, 'name')).toBe('A & B AB &unknown;');
    expect(textOf(root, 'empty')).toBeUndefined();
    expect(child(root, 'x')).toEqual({ name: 'x', text: '', children: [] });
    expect(textOf(root, 'text')).toBe('<not a tag> & so on');
    expect(children(child(root, 'list'), 'item').map(({ text }) => text)).toEqual(['1', '3']);
  });

  it.each([
    ['nothing', '', undefined],
    ['text', 'no xml', undefined],
    ['an end without a start', '</a><b>x</b>', 'b'],
    ['an element that is not closed', '<a><b>x</a>', 'a'],
    ['a document that ends in the middle of a tag', '<a><b>x</b><c', 'a'],
    ['an unfinished comment', '<a><b>x</b><!-- <c>', 'a'],
  ])('takes %s without complaint', (_name, text, name) => {
    expect(parseXml(text)?.name).toBe(name);
  });

  it('closes what is open when an outer element ends', () => {
    expect(textOf(child(parseXml('<a><b><c>x</b><d>y</d></a>'), 'b'), 'c')).toBe('x');
    expect(textOf(parseXml('<a><b><c>x</b><d>y</d></a>'), 'd')).toBe('y');
  });

  it('is done with deep and long input in no time that matters', () => {
    expect(parseXml('<a>'.repeat(50_000))?.name).toBe('a');
    expect(parseXml(`<a ${'b="'.repeat(20_000)}`)?.name).toBeUndefined();
  });
});
