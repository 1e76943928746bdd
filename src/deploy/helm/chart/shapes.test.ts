import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allPlaces, placeText, placesShown } from './shapes.ts';

const usual = '{repository: image.repository, tag: image.tag}';

describe('placesShown', () => {
  it.each([
    ['helm create', '{image: {repository: nginx, tag: "", pullPolicy: Always}}', [usual]],
    ['no image at all', '{}', [usual]],
    [
      'a registry apart',
      '{image: {registry: docker.io, repository: shop/app, tag: none}}',
      ['{registry: image.registry, repository: image.repository, tag: image.tag}', usual],
    ],
    [
      'Bitnami',
      '{global: {imageRegistry: ""}, image: {registry: docker.io, repository: a/b, tag: 1.0, digest: ""}}',
      [
        '{registry: image.registry, repository: image.repository, tag: image.tag, digest: image.digest}',
        '{registry: image.registry, repository: image.repository, tag: image.tag, sha: image.digest}',
        usual,
      ],
    ],
    [
      'a digest without its algorithm',
      '{image: {repository: a, tag: b, sha: ""}}',
      ['{repository: image.repository, tag: image.tag, sha: image.sha}', usual],
    ],
    [
      'a name instead of a repository',
      '{image: {registry: r, name: a, version: 1}}',
      ['{registry: image.registry, repository: image.name, tag: image.version}', usual],
    ],
    [
      'a repository and a name',
      '{image: {repository: r/shop, name: a, tag: 1}}',
      [usual, '{registry: image.repository, repository: image.name, tag: image.tag}'],
    ],
    ['one text', '{image: "shop/app:1"}', ['{reference: image}', usual]],
    ['one text with a port', '{image: "r:5000/app"}', ['{reference: image}', usual]],
    [
      'a text and a tag beside it',
      '{image: shop/app, imageTag: "1"}',
      ['{repository: image, tag: imageTag}', '{reference: image}', usual],
    ],
    [
      'keys whose values are not texts',
      '{image: {registry: {host: x}, repository: a, tag: b, digest: []}}',
      [usual],
    ],
  ])('%s', (_name, values, places) => {
    expect(placesShown(parse(values)).map(placeText)).toEqual(places);
  });
});

it('finds images below any key that ends in image', () => {
  const values = parse(
    '{app: {image: {repository: a, tag: b}}, initImage: x:1, sidecar: {containers: [{image: y}]}, image: {pullPolicy: Always}}',
  ) as unknown;
  expect(allPlaces(values).map(placeText)).toEqual([
    '{repository: app.image.repository, tag: app.image.tag}',
    '{reference: initImage}',
  ]);
});
