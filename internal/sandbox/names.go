package sandbox

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// The names of the generated company: "written" or "written|as in an e-mail address" where folding
// the accents away is not enough.
const givenNames = `Ana Aaliyah Adaeze Aino Åke Aleksandra Amélie Ananya Anders Andrzej Anh Ángel Arjun Astrid Aylin Bartosz
Beatriz Benedikt Björn Bronisława Carlos Caoimhe Chiamaka Chloé Chukwuemeka Çağla Dagný Daniel Dariusz Deniz Diego Đorđe Eilidh Elif
Émile Emma Esra Eva Farid Fatima Fernanda François Freja Gabriel Gonçalo Grace Hamza Hana Hannah Håkon Henrik Hugo Ibrahim İpek Inés
Ingrid Isabella Jakub Jana Javier João Jürgen Kateřina Kaito Karin Kenji Khadija Klára Kwame Lars Laura Leïla Liam Linh Lucía Łukasz
Magnus Małgorzata Marek María Mateus Mehmet Mia Michał Miguel Mohammed Mónica Nadia Nguyệt Niamh Niels Noah Núria Oliver Olumide Øyvind
Paweł Péter Petra Priya Rafael Ravi Renée Ricardo Róisín Rosa Ruth Sami Santiago Siân Sigrún Søren Sofía Stéphanie Tadhg Tariq Teresa
Thảo Tomáš Ugo Valentina Véronique Wanjiru Wiktoria Xavier Yara Youssef Yusuf Zofia Žofie Zoë
美咲|Misaki 太郎|Taro 伟|Wei 秀英|Xiuying 민준|Minjun 서연|Seoyeon Алексей|Aleksei Наталья|Natalya Олександр|Oleksandr Ελένη|Eleni Γιώργος|Giorgos
محمد|Muhammad ليلى|Layla נועה|Noa`

const familyNames = `Abdullah Acheampong Adeyemi Aguilar Åkesson Álvarez Andersen Andrade Arslan Baptista Bauer Béla Bjørnsen Bošković Brânză
Brown Çelik Chen Costa Čapek Dąbrowski d'Angelo Díaz Diop Dvořák Eriksson Espinoza Estévez Fernández Ferrari Fischer Fjeld Fontaine
García García-Márquez Gomes González Großmann Guðmundsdóttir Gupta Haddad Hansen Hernández Horváth Ibáñez Iglesias Ito Iyer Jansen Jensen
Jiménez Johnson Jørgensen Kaczmarek Kamau Kaya Khan Kim Kovács Kowalczyk Kozłowski Krüger Kumar Lambert Larsson Lefèvre Lindqvist
López Łuczak MacDonald Mahlangu Marković Martínez Mbeki Méndez Moreau Müller Muñoz Mwangi Nagy Nakamura Ndiaye Nguyễn Nielsen Novák
Núñez Nwosu Öberg O'Brien Okafor Oliveira Østergaard Özdemir Papadopoulos Park Patel Pavlović Pereira Petrov Phạm Popescu Quispe
Ramírez Reyes Ricci Rodríguez Rossi Roux Sánchez Santos Sato Schäfer Schröder Šimić Singh Škoda Smith Souza Sørensen Strauß Suárez
Szabó Tanaka Taylor Tóth Trần Türk Ünal Vásquez Virtanen Vũ Wagner Walsh Wang Weiß Wiśniewska Wójcik Yıldız Yılmaz Žižka Zhang Zieliński
渡辺|Watanabe 高橋|Takahashi 王|Wang 李|Li 김|Kim 박|Park Иванова|Ivanova Шевченко|Shevchenko Παππάς|Pappas الحسن|Alhassan כהן|Cohen`

// personName is a name as people write it and as an address carries it.
type personName struct{ written, ascii string }

func names(list string) []personName {
	var out []personName
	for n := range strings.FieldsSeq(list) {
		written, ascii, ok := strings.Cut(n, "|")
		if !ok {
			ascii = written
		}
		out = append(out, personName{written, asciiName(ascii)})
	}
	return out
}

// asciiName takes the accents off and leaves what an e-mail address likes.
func asciiName(s string) string {
	s = strings.NewReplacer("ø", "o", "Ø", "o", "ł", "l", "Ł", "l", "đ", "d", "Đ", "d", "ß", "ss", "ı", "i", "ð", "d", "æ", "ae").Replace(s)
	s, _, _ = transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}
