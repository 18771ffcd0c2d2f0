export interface AvatarProps {
  name: string;
  image: { url: string } | null;
  /** Availability, shown as a coloured dot. */
  availability?: string;
}

export function Avatar({ name, image, availability }: AvatarProps) {
  return (
    <span className="avatar" data-availability={availability}>
      {image === null ? <span aria-hidden="true">{name.slice(0, 1).toUpperCase()}</span> : <img src={image.url} alt="" />}
    </span>
  );
}
